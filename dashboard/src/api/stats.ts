import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  closedWindow,
  previousWindow,
  type Span,
  type TimeSearch,
  type Window,
} from "../ui/time-range/range";
import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";

export type Stats = Schemas["Stats"];
export type SubscriptionStats = Schemas["SubscriptionStats"];
export type OfSubscription = SubscriptionStats["data"][number];
export type Bucket = "1m" | "5m" | "1h" | "1d";

const HOUR_MS = 3_600_000;
export const bucketMs: Record<Bucket, number> = {
  "1m": HOUR_MS / 60,
  "5m": HOUR_MS / 12,
  "1h": HOUR_MS,
  "1d": 24 * HOUR_MS,
};

/** The finest bucket that makes a chart of at most some 170 points. */
export function bucketFor(lengthMs: number): Bucket {
  if (lengthMs <= 2 * HOUR_MS) return "1m";
  if (lengthMs <= 12 * HOUR_MS) return "5m";
  if (lengthMs <= 7 * 24 * HOUR_MS) return "1h";
  return "1d";
}

const FRESH_MS = 15_000;
/** What is over changes little: only by attempts that were begun in it and are still under way. */
const OVER_MS = 60_000;

export interface Compared {
  now: Stats;
  before: Stats;
  /** When they were asked for, in Unix milliseconds. */
  asked: number;
}

/** The figures of a time, and those of the time of the same length right before. */
export const statsQuery = (api: Api, time: TimeSearch, standard: Span, subscription_id?: string) =>
  queryOptions({
    queryKey: [api.tenant, "stats", time, standard, subscription_id],
    refetchInterval: time.to === undefined ? FRESH_MS : false,
    placeholderData: keepPreviousData,
    queryFn: async (): Promise<Compared> => {
      const asked = new Date();
      const { bucket, ...window } = bucketsOf(time, asked, standard);
      const earlier = windowBefore(window, bucket);
      const load = (of: Required<Window>) =>
        take(
          api.http.GET("/api/v1/webhooks/stats", { params: { query: { ...of, bucket, subscription_id } } }),
        );
      const before = cache.query({
        queryKey: [api.tenant, "stats-before", earlier, bucket, subscription_id],
        queryFn: () => load(earlier),
        staleTime: OVER_MS,
        retry: false,
      });
      const [now, then] = await Promise.all([load(window), before]);
      return { now, before: then, asked: asked.getTime() };
    },
  });

/** The subscriptions with most failed attempts. */
export const worstSubscriptionsQuery = (api: Api, time: TimeSearch, standard: Span, limit: number) =>
  queryOptions({
    queryKey: [api.tenant, "stats", "subscriptions", time, standard, limit],
    refetchInterval: time.to === undefined ? FRESH_MS : false,
    placeholderData: keepPreviousData,
    queryFn: (): Promise<SubscriptionStats> =>
      take(
        api.http.GET("/api/v1/webhooks/stats/subscriptions", {
          params: { query: { ...bucketsOf(time, new Date(), standard), limit } },
        }),
      ),
  });

function bucketsOf(time: TimeSearch, now: Date, standard: Span) {
  const window = closedWindow(time, now, standard);
  return { ...window, bucket: bucketFor(Date.parse(window.to) - Date.parse(window.from)) };
}

/**
 * As many whole buckets right before those that the window touches: its edges are moved outwards to those of buckets,
 * and what one of the two counts is not to be counted by the other.
 */
export function windowBefore({ from, to }: Required<Window>, bucket: Bucket): Required<Window> {
  const widthMs = bucketMs[bucket];
  const begins = Math.floor(Date.parse(from) / widthMs) * widthMs;
  const ends = Math.ceil(Date.parse(to) / widthMs) * widthMs;
  return previousWindow({ from: new Date(begins).toISOString(), to: new Date(ends).toISOString() });
}

/** Seconds of a window that had passed when its figures were asked for. */
export function elapsedS({ from, to }: Stats, asked: number): number {
  return Math.max(1, (Math.min(Date.parse(to), asked) - Date.parse(from)) / 1_000);
}
