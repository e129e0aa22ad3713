const DAY_MS = 86_400_000;

/** How long a key can be used; `date` is one that is typed. */
export const lastings = [
  { value: "never", label: "Never" },
  { value: "7", label: "In 7 days" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "date", label: "At a time of your own…" },
];

export interface Expiry {
  lasting: string;
  /** In the reader's time zone, as `datetime-local` fields have it. */
  date: string;
}

/** The instant in UTC; `null` is never. */
export function expiresAt({ lasting, date }: Expiry, now: Date): string | null {
  if (lasting === "never") return null;
  if (lasting === "date") return new Date(date).toISOString();
  return new Date(now.getTime() + Number(lasting) * DAY_MS).toISOString();
}

export function expiryFault({ lasting, date }: Expiry, now: Date): string | null {
  if (lasting !== "date") return null;
  const at = Date.parse(date);
  if (Number.isNaN(at)) return "Say when it expires.";
  return at <= now.getTime() ? "This is past." : null;
}
