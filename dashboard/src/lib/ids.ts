/** The kinds of ids that have a page of their own, by what such an id begins with. */
export const kinds = ["evt", "dlv", "sub", "rpl", "bin", "ten"] as const;
export type Kind = (typeof kinds)[number];

/** The kind of an id that somebody has pasted; `null` when it is none of those, or is cut off. */
export function kindOf(id: string): Kind | null {
  const [, prefix] = /^([a-z]{3})_[0-9a-z]{26}$/.exec(id) ?? [];
  return kinds.find((kind) => kind === prefix) ?? null;
}
