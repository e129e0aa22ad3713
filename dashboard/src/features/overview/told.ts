import { elapsedS, type Compared } from "../../api/stats";
import { against, count, ms, successRate } from "../../ui/figures";

export interface Figure {
  name: string;
  value: string;
  /** The same of the time before, or how it has changed since. */
  note: string;
}

const few = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const twoDigits = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });

/** What the screen tells of a time, each figure against the time before; `undefined`: as long as it is not known. */
export function figures(of: Compared | undefined): Figure[] {
  const now = of?.now.totals;
  const before = of?.before.totals;
  if (of === undefined || now === undefined || before === undefined) {
    return names.map((name) => ({ name, value: "–", note: "–" }));
  }
  const seconds = { now: elapsedS(of.now, of.asked), before: elapsedS(of.before, of.asked) };
  // A time that goes on is a little shorter than the one before, which is of whole buckets: what is compared is how
  // many there were in a second.
  const more = (now: number, before: number) => against(now / seconds.now, before / seconds.before);
  const told: Record<Name, Omit<Figure, "name">> = {
    "Attempts that succeeded": { value: successRate(now), note: earlier(successRate(before)) },
    "Delivered per second": {
      value: few.format(now.succeeded / seconds.now),
      note: more(now.succeeded, before.succeeded),
    },
    "Latency p50": { value: ms(now.p50_ms), note: against(now.p50_ms, before.p50_ms) },
    "Latency p95": { value: ms(now.p95_ms), note: against(now.p95_ms, before.p95_ms) },
    "Latency p99": { value: ms(now.p99_ms), note: against(now.p99_ms, before.p99_ms) },
    "Failed attempts": {
      value: count(now.failed),
      note: `of ${count(now.attempts)}, ${more(now.failed, before.failed)}`,
    },
    "Attempts per delivery": { value: perDelivery(now), note: earlier(perDelivery(before)) },
    "Dead letters": { value: count(now.dead_letters), note: more(now.dead_letters, before.dead_letters) },
    Deliveries: { value: count(now.deliveries), note: more(now.deliveries, before.deliveries) },
    Events: { value: count(now.events), note: more(now.events, before.events) },
  };
  return names.map((name) => ({ name, ...told[name] }));
}

const names = [
  "Attempts that succeeded",
  "Delivered per second",
  "Latency p50",
  "Latency p95",
  "Latency p99",
  "Failed attempts",
  "Attempts per delivery",
  "Dead letters",
  "Deliveries",
  "Events",
] as const;
type Name = (typeof names)[number];

const earlier = (value: string) => (value === "–" ? "none before" : `${value} before`);

/**
 * How often deliveries are tried. Which attempts were first ones is not told, and their deliveries may have been made
 * before: this is the proportion of what was attempted to what was made.
 */
function perDelivery({ attempts, deliveries }: { attempts: number; deliveries: number }): string {
  return deliveries === 0 ? "–" : twoDigits.format(attempts / deliveries);
}
