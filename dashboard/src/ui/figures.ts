const counts = new Intl.NumberFormat();

export function count(value: number): string {
  return counts.format(value);
}

export function ms(value: number | null): string {
  if (value === null) return "–";
  return value < 10_000 ? `${count(value)} ms` : `${count(Math.round(value / 1000))} s`;
}

/** How many of all attempts succeeded; none were made: none is told. */
export function successRate({ attempts, succeeded }: { attempts: number; succeeded: number }): string {
  if (attempts === 0) return "–";
  // Rounded down, so that 100 % means every one.
  return `${Math.floor((10_000 * succeeded) / attempts) / 100} %`;
}

/** A figure against the one of the time before, in words. */
export function against(now: number | null, before: number | null): string {
  if (now === before) return "as before";
  if (now === null) return "none now";
  if (before === null || before === 0) return "none before";
  const change = Math.round((100 * (now - before)) / before);
  if (change === 0) return "as before";
  return `${change > 0 ? "+" : "−"}${count(Math.abs(change))} % against before`;
}
