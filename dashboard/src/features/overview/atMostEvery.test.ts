import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { atMostEvery } from "./atMostEvery";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("runs at once, then every two seconds while it is asked, and once more when all has settled", async () => {
  const run = vi.fn(() => Promise.resolve());
  const paced = atMostEvery(2_000, 6_000, run);
  for (let number = 0; number < 39; number++) {
    paced.ask();
    await vi.advanceTimersByTimeAsync(100);
  }
  // At 0 s and at 2 s; what was asked since then is done at 4 s.
  expect(run).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(100);
  expect(run).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(5_900);
  expect(run).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(100);
  expect(run).toHaveBeenCalledTimes(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(run).toHaveBeenCalledTimes(4);
});

test("waits for what is under way, also for what fails", async () => {
  let fail: (error: Error) => void = () => undefined;
  const run = vi.fn(() => new Promise((_, reject: (error: Error) => void) => (fail = reject)));
  const paced = atMostEvery(2_000, 6_000, run);
  paced.ask();
  paced.ask();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(run).toHaveBeenCalledTimes(1);
  fail(new Error("away"));
  // It took ten seconds, so it is let rest.
  await vi.advanceTimersByTimeAsync(39_000);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(run).toHaveBeenCalledTimes(2);
});

test("does nothing any more once it is stopped", async () => {
  const run = vi.fn(() => Promise.resolve());
  const paced = atMostEvery(2_000, 6_000, run);
  paced.ask();
  paced.stop();
  paced.ask();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(run).toHaveBeenCalledTimes(1);
});
