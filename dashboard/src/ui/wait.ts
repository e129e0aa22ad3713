/** What `Retry-After` asks for, in words. */
export function waitText(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 90) return `Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`;
  return `Try again in ${Math.ceil(seconds / 60)} minutes.`;
}
