import { EventParser, texts } from "../lib/sse";
import { take, type Api } from "./client";
import { listed, type Delivery, type DeliveryFilters } from "./deliveries";
import { asProblem, ProblemError } from "./problem";

/** What of a list's filters a stream is asked for. */
export type StreamFilters = Omit<DeliveryFilters, "range">;

export interface Listener {
  /** The stream is open; `resumed`: what was missed meanwhile is told. */
  onOpen: (resumed: boolean) => void;
  onDelivery: (delivery: Delivery) => void;
  /** There may have been more than was told. */
  onGap: () => void;
  onBreak: () => void;
}

/** The server shows a sign of life every 15 s. */
const SILENCE_MS = 40_000;
const LONGEST_WAIT_MS = 30_000;

/** Where a stream was left, to go on from there. */
export interface Place {
  lastId: string | undefined;
}

/**
 * Follows deliveries as they are made and change, until `signal` is aborted. A stream that breaks is opened again
 * after a while; one that is refused for good throws what it was refused with.
 */
export async function follow(
  api: Api,
  filters: StreamFilters,
  listener: Listener,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const isOver = () => signal.aborted;
  let failures = -1; // In a row.
  let retryMs = 2_000;
  while (!isOver()) {
    let opened = false;
    let askedMs = 0;
    try {
      const parser = new EventParser(place.lastId);
      for await (const text of stream(api, filters, place.lastId, signal)) {
        if (!opened) listener.onOpen(place.lastId !== undefined);
        opened = true;
        for (const { type, data } of parser.push(text)) {
          if (type === "delivery") listener.onDelivery(JSON.parse(data) as Delivery);
          else if (type === "gap") listener.onGap();
        }
        place.lastId = parser.lastId;
        retryMs = parser.retryMs ?? retryMs;
      }
    } catch (error) {
      const problem = asProblem(error);
      if (!isOver() && isFinal(problem)) throw problem;
      askedMs = 1_000 * (problem.retryAfterS ?? 0);
    }
    if (isOver()) return;
    failures = opened ? 0 : failures + 1;
    listener.onBreak();
    await pause(Math.max(askedMs, waitMs(failures, retryMs, Math.random())), signal);
  }
}

/** Twice as long after each failure in a row, and not for all clients at once. */
export function waitMs(failures: number, retryMs: number, random: number): number {
  return Math.min(retryMs * 2 ** failures, LONGEST_WAIT_MS) * (0.5 + random / 2);
}

/** The request was wrong, or may not be made: it would be refused again. */
function isFinal({ status }: ProblemError): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

async function* stream(api: Api, filters: StreamFilters, lastId: string | undefined, signal: AbortSignal) {
  const attempt = new AbortController();
  const stop = () => attempt.abort();
  signal.addEventListener("abort", stop);
  let watch = setTimeout(stop, SILENCE_MS);
  try {
    const headers = lastId === undefined ? {} : { "Last-Event-ID": lastId };
    const query = { ...listed(filters), from: filters.from, to: filters.to };
    const body = await take(
      api.http.GET("/api/v1/webhooks/stream", {
        params: { query },
        headers,
        parseAs: "stream",
        signal: attempt.signal,
      }),
    );
    if (body === null) return;
    for await (const text of texts(body)) {
      clearTimeout(watch);
      watch = setTimeout(stop, SILENCE_MS);
      yield text;
    }
  } finally {
    clearTimeout(watch);
    signal.removeEventListener("abort", stop);
    attempt.abort();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
