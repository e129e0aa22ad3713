import "@mantine/charts/styles.css";
import { AreaChart, LineChart } from "@mantine/charts";
import type { Stats } from "../../api/stats";
import { count, ms } from "../../ui/figures";
import { bucketText } from "./bucketText";

// They are drawn anew every few seconds: they would never come to rest.
const still = { isAnimationActive: false };
// They are told as a picture with a text, and as a table: a way into them by keyboard would lead to neither.
const picture = { accessibilityLayer: false };

interface Props {
  of: "attempts" | "durations";
  stats: Stats;
  height: number;
}

/** In a chunk of its own: the library that draws them is larger than the rest of the screen. */
export default function Charts({ of, stats, height }: Props) {
  const rows = stats.buckets.map((bucket) => ({ ...bucket, time: bucketText(bucket.start, stats.bucket_s) }));
  const { totals } = stats;
  const common = { h: height, data: rows, dataKey: "time", curveType: "monotone", withLegend: true } as const;
  if (of === "attempts") {
    return (
      <div
        role="img"
        aria-label={`Attempts over time: ${count(totals.succeeded)} succeeded, ${count(totals.failed)} failed`}
      >
        <AreaChart
          {...common}
          type="stacked"
          withDots={false}
          areaProps={still}
          areaChartProps={picture}
          series={[
            { name: "succeeded", color: "green.8" },
            { name: "failed", color: "red.7" },
          ]}
        />
      </div>
    );
  }
  return (
    <div
      role="img"
      aria-label={`Duration of attempts over time: p50 ${ms(totals.p50_ms)}, p95 ${ms(totals.p95_ms)}, p99 ${ms(totals.p99_ms)}`}
    >
      <LineChart
        {...common}
        unit=" ms"
        connectNulls={false}
        lineProps={still}
        lineChartProps={picture}
        dotProps={{ r: 1 }}
        series={[
          { name: "p50_ms", label: "p50", color: "teal.8" },
          { name: "p95_ms", label: "p95", color: "orange.8", strokeDasharray: "6 3" },
          { name: "p99_ms", label: "p99", color: "grape.6", strokeDasharray: "2 3" },
        ]}
      />
    </div>
  );
}
