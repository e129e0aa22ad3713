import type { StoredSubscription } from "../../../api/subscriptions";
import { SEALED, type Values } from "./values";

/**
 * Puts what was read in the place of what was sealed, in the form and in what it is compared with: neither a value
 * that is being changed nor a header that came meanwhile is touched.
 */
export function withRevealed(
  before: StoredSubscription,
  { subscription: shown }: StoredSubscription,
  now: Values,
) {
  const read = new Map(Object.entries(shown.headers));
  const was = before.subscription;
  const headers = Object.entries(was.headers).map(([name, value]) => [
    name,
    value === SEALED ? (read.get(name) ?? value) : value,
  ]);
  return {
    before: {
      ...before,
      subscription: {
        ...was,
        url: was.url === SEALED ? shown.url : was.url,
        headers: Object.fromEntries(headers) as typeof was.headers,
      },
    },
    values: {
      url: now.url === SEALED ? shown.url : now.url,
      headers: now.headers.map((row) =>
        row.value === SEALED ? { ...row, value: read.get(row.name.trim()) ?? row.value } : row,
      ),
    },
  };
}
