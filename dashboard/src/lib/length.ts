const units = [
  { name: "day", ms: 86_400_000 },
  { name: "hour", ms: 3_600_000 },
  { name: "minute", ms: 60_000 },
  { name: "second", ms: 1_000 },
];

/** How long something is, by the two largest units that it has: "1 day 3 hours". */
export function lengthText(lengthMs: number): string {
  let rest = Math.round(lengthMs / 1_000) * 1_000;
  const parts: string[] = [];
  for (const { name, ms } of units) {
    const number = Math.floor(rest / ms);
    // What comes after a gap is too small to be told: "1 day", not "1 day 3 seconds".
    if (number === 0 && parts.length > 0) break;
    if (number > 0) parts.push(`${number} ${name}${number === 1 ? "" : "s"}`);
    rest -= number * ms;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? "less than a second" : parts.join(" ");
}
