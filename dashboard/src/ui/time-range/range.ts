import { instant, oneOf } from "../../lib/params";

const HOUR_MS = 3_600_000;

export const spans = {
  "15m": HOUR_MS / 4,
  "1h": HOUR_MS,
  "24h": 24 * HOUR_MS,
  "7d": 168 * HOUR_MS,
  "30d": 720 * HOUR_MS,
};
export type Span = keyof typeof spans;
export const spanNames = Object.keys(spans) as Span[];

/** A time range in the address: a span that ends now, or two instants of which either may be open. */
export interface TimeSearch {
  range?: Span;
  from?: string;
  to?: string;
}

/** What the API is asked for: `from` inclusive, `to` exclusive. */
export interface Window {
  from?: string;
  to?: string;
}

/** Instants win over a span; what cannot be read is left out. */
export function timeSearch(raw: Record<string, unknown>): TimeSearch {
  const from = instant(raw.from);
  const to = instant(raw.to);
  if (from !== undefined || to !== undefined) return { from, to };
  return { range: oneOf(raw.range, spanNames) };
}

export function windowOf(search: TimeSearch, now: Date): Window {
  if (search.range !== undefined)
    return { from: new Date(now.getTime() - spans[search.range]).toISOString() };
  return { from: search.from, to: search.to };
}

/** Both ends as instants; a window open at its beginning is taken to be as long as `span`. */
export function closedWindow(search: TimeSearch, now: Date, span: Span): Required<Window> {
  const window = windowOf(search, now);
  const to = window.to === undefined ? now : new Date(window.to);
  const from = window.from ?? new Date(to.getTime() - spans[search.range ?? span]).toISOString();
  return { from, to: to.toISOString() };
}

/** The window of the same length right before. */
export function previousWindow({ from, to }: Required<Window>): Required<Window> {
  const length = Date.parse(to) - Date.parse(from);
  return { from: new Date(Date.parse(from) - length).toISOString(), to: from };
}
