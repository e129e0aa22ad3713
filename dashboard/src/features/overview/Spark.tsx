import type { OfSubscription } from "../../api/stats";
import { count } from "../../ui/figures";
import { instantText } from "../../ui/When";
import classes from "./overview.module.css";

const WIDTH = 120;
const HEIGHT = 32;

/** How a subscription's attempts went over time: all of them, with those that failed in front. */
export function Spark({ buckets }: { buckets: OfSubscription["buckets"] }) {
  const most = Math.max(1, ...buckets.map(({ attempts }) => attempts));
  const shape = (of: "attempts" | "failed") => steps(buckets.map((bucket) => bucket[of] / most));
  return (
    <svg
      role="img"
      aria-label={told(buckets)}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={classes.spark}
    >
      <path d={shape("attempts")} data-of="attempts" />
      <path d={shape("failed")} data-of="failed" />
    </svg>
  );
}

/** A closed outline of steps, one for each share of the height. A few failures are still to be seen. */
export function steps(shares: number[]): string {
  const width = WIDTH / Math.max(1, shares.length);
  const round = (value: number) => Math.round(value * 100) / 100;
  const tops = shares.map((share, number) => {
    const y = HEIGHT * (1 - (share === 0 ? 0 : Math.max(share, 0.08)));
    return `L${round(number * width)} ${round(y)}H${round((number + 1) * width)}`;
  });
  return `M0 ${HEIGHT}${tops.join("")}V${HEIGHT}Z`;
}

function told(buckets: OfSubscription["buckets"]): string {
  const worst = buckets.reduce<OfSubscription["buckets"][number] | undefined>(
    (most, bucket) => (bucket.failed > (most?.failed ?? 0) ? bucket : most),
    undefined,
  );
  if (worst === undefined) return "No failed attempts over time";
  return `Failed attempts over time, most from ${instantText(worst.start)}: ${count(worst.failed)}`;
}
