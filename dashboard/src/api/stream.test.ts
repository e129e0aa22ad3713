import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { aDelivery } from "../test/rows";
import { aProblem } from "../test/server";
import { deliveryEvent, fakeStreams } from "../test/streams";
import { apiOf } from "./client";
import { ProblemError } from "./problem";
import { follow, waitMs, type Listener, type StreamFilters } from "./stream";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function following(filters: StreamFilters = {}) {
  const fake = fakeStreams();
  const listener = {
    onOpen: vi.fn<Listener["onOpen"]>(),
    onDelivery: vi.fn<Listener["onDelivery"]>(),
    onGap: vi.fn<Listener["onGap"]>(),
    onBreak: vi.fn<Listener["onBreak"]>(),
  };
  const stopped = new AbortController();
  const done = follow(apiOf("ten_1"), filters, listener, { lastId: undefined }, stopped.signal);
  const failed = done.catch((error: unknown) => error);
  return { ...fake, listener, stop: () => stopped.abort(), failed };
}

const later = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

test("a stream is asked for as lists are: for a tenant, and by filters", async () => {
  const { streams, stop } = following({ status: ["failed"], subscription_id: "sub_1" });
  await later();
  expect(streams[0]?.request.headers.get("Posthaste-Tenant")).toBe("ten_1");
  expect(streams[0]?.request.headers.has("Last-Event-ID")).toBe(false);
  expect(streams[0]?.request.query.toString()).toBe("status=failed&subscription_id=sub_1");
  stop();
  await later();
  expect(streams[0]?.aborted()).toBe(true);
});

test("deliveries are told as they come, and gaps", async () => {
  const { streams, listener, stop } = following();
  await later();
  streams[0]?.send("retry: 2000\nid: 1\n: open\n\n");
  await later();
  expect(listener.onOpen.mock.calls).toEqual([[false]]);
  streams[0]?.send(deliveryEvent(aDelivery, "2") + "event: gap\ndata: {}\n\n");
  await later();
  expect(listener.onDelivery.mock.calls).toEqual([[aDelivery]]);
  expect(listener.onGap).toHaveBeenCalledOnce();
  stop();
});

describe("a stream that breaks", () => {
  test("goes on where it was", async () => {
    const { streams, listener, stop } = following();
    await later();
    streams[0]?.send("retry: 500\nid: 41\n: open\n\n: still here\nid: 42\n\n");
    await later();
    streams[0]?.tear();
    await later();
    expect(listener.onBreak).toHaveBeenCalledOnce();
    await later(500);
    expect(streams[1]?.request.headers.get("Last-Event-ID")).toBe("42");
    streams[1]?.send(": open\n\n");
    await later();
    expect(listener.onOpen.mock.calls).toEqual([[false], [true]]);
    stop();
  });

  test("is opened again when the server ends it", async () => {
    const { streams, stop } = following();
    await later();
    streams[0]?.send("retry: 500\n: open\n\n");
    streams[0]?.end();
    await later(500);
    expect(streams).toHaveLength(2);
    stop();
  });

  test("is given up when it is silent for too long", async () => {
    const { streams, listener, stop } = following();
    await later();
    streams[0]?.send(": open\n\n");
    await later(39_000);
    streams[0]?.send(": still here\n\n");
    await later(39_000);
    expect(listener.onBreak).not.toHaveBeenCalled();
    await later(2_000);
    expect(streams[0]?.aborted()).toBe(true);
    expect(listener.onBreak).toHaveBeenCalledOnce();
    stop();
  });

  test("is asked for less and less often, and when the server says so", async () => {
    const { streams, refusals, listener, stop } = following();
    await later();
    refusals.push(new TypeError("no network"));
    refusals.push(aProblem(503, { title: "As many as there may be" }, { "Retry-After": "20" }));
    streams[0]?.tear();
    await later(2_000);
    expect(listener.onBreak).toHaveBeenCalledTimes(2);
    await later(4_000);
    expect(listener.onBreak).toHaveBeenCalledTimes(3);
    await later(19_000);
    expect(streams).toHaveLength(1);
    await later(1_000);
    expect(streams).toHaveLength(2);
    stop();
  });

  test("is not asked for any more once nobody follows", async () => {
    const { streams, stop } = following();
    await later();
    streams[0]?.tear();
    await later();
    stop();
    await later(60_000);
    expect(streams).toHaveLength(1);
  });
});

test("a stream that is refused for good says what with", async () => {
  const { refusals, streams, failed } = following();
  refusals.push(aProblem(403, { title: "Forbidden" }));
  await later(60_000);
  expect(await failed).toBeInstanceOf(ProblemError);
  expect(streams).toHaveLength(0);
});

test("waits grow, are bounded, and differ", () => {
  expect(waitMs(0, 2_000, 1)).toBe(2_000);
  expect(waitMs(0, 2_000, 0)).toBe(1_000);
  expect(waitMs(3, 2_000, 1)).toBe(16_000);
  expect(waitMs(99, 2_000, 1)).toBe(30_000);
});
