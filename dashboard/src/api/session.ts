import { queryOptions } from "@tanstack/react-query";
import { cache } from "./cache";
import { problemOf } from "./problem";
import type { components } from "./schema";

export type Session = components["schemas"]["Session"];
export type Scope = Session["scopes"][number];

// Not by the API client: that one takes a 401 for the end of the session, and needs the session to be made.
const path = "/api/v1/webhooks/session";
const key = ["session"];

/** Who is signed in; `null` when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: key,
  queryFn: async (): Promise<Session | null> => {
    const response = await fetch(path);
    return response.status === 401 ? null : read(response);
  },
  staleTime: Infinity,
});

export function allows({ actor, scopes }: Session, scope: Scope): boolean {
  return actor === "operator" || scopes.includes("*") || scopes.includes(scope);
}

export async function signIn(secret: string): Promise<void> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key: secret }),
  });
  const session = await read(response);
  // Nothing that somebody else was shown may stay.
  cache.clear();
  cache.setQueryData(key, session);
}

export async function signOut(): Promise<void> {
  const response = await fetch(path, { method: "DELETE", headers: csrfHeader() });
  if (!response.ok && response.status !== 401) throw problemOf(response, await body(response));
  forget();
}

/** The session is over: the shell goes back to sign-in. */
export function forget(): void {
  cache.setQueryData(key, null);
}

/** What an unsafe request has to carry beside the cookie. */
export function csrfHeader(): Record<string, string> {
  const session = cache.getQueryData<Session | null>(key);
  return session?.csrf_token ? { "Posthaste-CSRF": session.csrf_token } : {};
}

async function read(response: Response): Promise<Session> {
  const answer = await body(response);
  if (!response.ok) throw problemOf(response, answer);
  return answer as Session;
}

async function body(response: Response): Promise<unknown> {
  return response.json().catch(() => null);
}
