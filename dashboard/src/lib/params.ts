// Reads what stands in the address. Whatever cannot be read is as if it were not there: an address may be
// old, cut off or typed by hand.

/** Text without its outer spaces; an empty one is none. */
export function text(raw: unknown): string | undefined {
  const value = typeof raw === "string" ? raw.trim() : "";
  return value === "" ? undefined : value;
}

/** Texts, each once; none is `undefined`. */
export function texts(raw: unknown): string[] | undefined {
  const given: unknown[] = Array.isArray(raw) ? raw : [raw];
  const found = new Set(given.flatMap((one) => text(one) ?? []));
  return found.size === 0 ? undefined : [...found];
}

/** What is on or off: only what is on stands in the address. */
export function flag(raw: unknown): "true" | undefined {
  return text(raw) === "true" ? "true" : undefined;
}

export function oneOf<T extends string>(raw: unknown, known: readonly T[]): T | undefined {
  return known.find((value) => value === raw);
}

/** The known ones of a value or a list of them, each once; none is `undefined`. */
export function someOf<T extends string>(raw: unknown, known: readonly T[]): T[] | undefined {
  const given: unknown[] = Array.isArray(raw) ? raw : [raw];
  const found = known.filter((value) => given.includes(value));
  return found.length === 0 ? undefined : found;
}

/** An instant as RFC 3339 in UTC. */
export function instant(raw: unknown): string | undefined {
  const at = Date.parse(text(raw) ?? "");
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
