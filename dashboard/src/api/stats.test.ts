import { expect, test } from "vitest";
import { spanNames, spans } from "../ui/time-range/range";
import { bucketFor } from "./stats";

const HOUR_MS = 3_600_000;
const lengths = { "1m": HOUR_MS / 60, "5m": HOUR_MS / 12, "1h": HOUR_MS, "1d": 24 * HOUR_MS };

test("every span is told in buckets enough for a chart and fewer than the server allows", () => {
  for (const name of spanNames) {
    const buckets = spans[name] / lengths[bucketFor(spans[name])];
    expect(buckets).toBeGreaterThanOrEqual(15);
    expect(buckets).toBeLessThanOrEqual(200);
  }
});
