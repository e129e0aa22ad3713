import "@mantine/charts/styles.css";
import { AreaChart, LineChart } from "@mantine/charts";
import { Card, Title } from "@mantine/core";
import type { Stats } from "../../api/stats";
import { count, ms } from "../../ui/figures";

// They are drawn anew every few seconds: they would never come to rest.
const still = { isAnimationActive: false };

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const both = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "numeric" });

/** In a chunk of its own: the library that draws them is larger than the rest of the screen. */
export default function Charts({ stats }: { stats: Stats }) {
  const rows = stats.buckets.map((bucket) => ({ ...bucket, time: label(bucket.start, stats.bucket_s) }));
  const { totals } = stats;
  const common = { h: 240, data: rows, dataKey: "time", curveType: "monotone", withLegend: true } as const;
  return (
    <>
      <Card withBorder>
        <Title order={2} mb="xs">
          Attempts
        </Title>
        <div
          role="img"
          aria-label={`Attempts over time: ${count(totals.succeeded)} succeeded, ${count(totals.failed)} failed`}
        >
          <AreaChart
            {...common}
            type="stacked"
            withDots={false}
            areaProps={still}
            series={[
              { name: "succeeded", color: "green.6" },
              { name: "failed", color: "red.6" },
            ]}
          />
        </div>
      </Card>
      <Card withBorder>
        <Title order={2} mb="xs">
          How long attempts took
        </Title>
        <div
          role="img"
          aria-label={`Duration of attempts over time: p50 ${ms(totals.p50_ms)}, p95 ${ms(totals.p95_ms)}, p99 ${ms(totals.p99_ms)}`}
        >
          <LineChart
            {...common}
            unit=" ms"
            connectNulls={false}
            lineProps={still}
            dotProps={{ r: 1 }}
            series={[
              { name: "p50_ms", label: "p50", color: "teal.6" },
              { name: "p95_ms", label: "p95", color: "orange.6" },
              { name: "p99_ms", label: "p99", color: "grape.6" },
            ]}
          />
        </div>
      </Card>
    </>
  );
}

function label(start: string, bucketS: number): string {
  const at = new Date(start);
  if (bucketS >= 86_400) return day.format(at);
  return bucketS >= 3_600 ? both.format(at) : clock.format(at);
}
