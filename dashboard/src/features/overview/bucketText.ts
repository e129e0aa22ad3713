const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const both = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "numeric" });

/** A stretch of time by its beginning, no more exact than the stretch is long. */
export function bucketText(start: string, bucketS: number): string {
  const at = new Date(start);
  if (bucketS >= 86_400) return day.format(at);
  return bucketS >= 3_600 ? both.format(at) : clock.format(at);
}
