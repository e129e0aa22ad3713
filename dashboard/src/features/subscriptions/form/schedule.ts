// The waits between attempts, as people write them: `5s`, `2m`, `1h`. The API has seconds.

const units = [
  { name: "d", s: 86_400 },
  { name: "h", s: 3_600 },
  { name: "m", s: 60 },
] as const;

/** In the largest unit that it is a whole number of. */
export function waitText(seconds: number): string {
  const unit = units.find(({ s }) => seconds > 0 && seconds % s === 0);
  return unit === undefined ? `${seconds}s` : `${seconds / unit.s}${unit.name}`;
}

/** Seconds; a number alone is of seconds. `null` when it cannot be read. */
export function waitSeconds(text: string): number | null {
  const found = /^([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(ms|s|m|min|h|d)?$/i.exec(text.trim());
  if (found === null) return null;
  const number = Number(found[1]);
  switch (found[2]?.toLowerCase()) {
    case "ms":
      return number / 1_000;
    case "m":
    case "min":
      return number * 60;
    case "h":
      return number * 3_600;
    case "d":
      return number * 86_400;
    default:
      return number;
  }
}
