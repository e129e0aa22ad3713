import { expect, test } from "vitest";
import { spanNames, spans } from "../ui/time-range/range";
import { bucketFor, bucketMs, elapsedS, windowBefore } from "./stats";
import { aStats } from "../test/rows";

test("every span is told in buckets enough for a chart and fewer than the server allows", () => {
  for (const name of spanNames) {
    const buckets = spans[name] / bucketMs[bucketFor(spans[name])];
    expect(buckets).toBeGreaterThanOrEqual(15);
    expect(buckets).toBeLessThanOrEqual(200);
  }
});

test("the time before ends where the first bucket begins, and is as many whole buckets long", () => {
  const now = { from: "2026-01-20T12:34:56.000Z", to: "2026-01-21T12:34:56.000Z" };
  expect(windowBefore(now, "1h")).toEqual({
    from: "2026-01-19T11:00:00.000Z",
    to: "2026-01-20T12:00:00.000Z",
  });
  const whole = { from: "2026-01-21T11:00:00.000Z", to: "2026-01-21T12:00:00.000Z" };
  expect(windowBefore(whole, "1m")).toEqual({ from: "2026-01-21T10:00:00.000Z", to: whole.from });
});

test("of a window that is not over yet only what has passed counts as its length", () => {
  const stats = { ...aStats, from: "2026-01-21T12:00:00.000Z", to: "2026-01-21T13:00:00.000Z" };
  expect(elapsedS(stats, Date.parse("2026-01-21T12:30:00.000Z"))).toBe(1_800);
  expect(elapsedS(stats, Date.parse("2026-01-21T15:00:00.000Z"))).toBe(3_600);
  expect(elapsedS(stats, Date.parse("2026-01-21T11:59:00.000Z"))).toBe(1);
});
