export interface Place {
  /** From 1. */
  line: number;
  column: number;
  reason: string;
  /** The line that it is in, and a mark below the place. */
  shown: string;
}

/** Where in a filter a fault is, as the server tells it; `null` when it names no place. */
export function placeOf(filter: string, detail: string): Place | null {
  const found = /^line ([0-9]+), column ([0-9]+): ([\s\S]*)$/.exec(detail);
  if (found === null) return null;
  const [line, column] = [Number(found[1]), Number(found[2])];
  const text = filter.split("\n")[line - 1];
  if (text === undefined) return null;
  // Tabs stay tabs, so that the mark stands below its character.
  const before = Array.from(text)
    .slice(0, column - 1)
    .join("");
  return { line, column, reason: found[3] ?? "", shown: `${text}\n${before.replace(/[^\t]/gu, " ")}^` };
}
