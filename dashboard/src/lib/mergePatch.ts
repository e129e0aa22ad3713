// JSON merge patches (RFC 7396) of texts, so that values stay as they are written.

import { members, pretty } from "./raw";

export interface MergePatch {
  /** `null` when nothing differs. */
  text: string | null;
  /** Pointers of what a merge patch cannot say: a member that is `null` would be taken away. */
  unsaid: string[];
}

/** What turns one object into another. */
export function mergePatch(before: string, after: string, pointer = ""): MergePatch {
  const was = members(before);
  const is = members(after);
  const changes: string[] = [];
  const unsaid: string[] = [];
  for (const name of was.keys()) {
    if (!is.has(name)) changes.push(`${JSON.stringify(name)}:null`);
  }
  for (const [name, text] of is) {
    const way = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const old = was.get(name);
    if (isObject(text)) {
      // An object is patched member by member, one that was none as if it had been empty.
      const isNew = old === undefined || !isObject(old);
      const inner = mergePatch(isNew ? "{}" : old, text, way);
      unsaid.push(...inner.unsaid);
      if (isNew || inner.text !== null) changes.push(`${JSON.stringify(name)}:${inner.text ?? "{}"}`);
    } else if (old === undefined || pretty(old) !== pretty(text)) {
      if (text === "null") unsaid.push(way);
      else changes.push(`${JSON.stringify(name)}:${text}`);
    }
  }
  return { text: changes.length === 0 ? null : `{${changes.join(",")}}`, unsaid };
}

function isObject(json: string): boolean {
  return json.startsWith("{");
}
