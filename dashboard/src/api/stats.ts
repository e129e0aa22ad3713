import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { closedWindow, previousWindow, type Span, type TimeSearch } from "../ui/time-range/range";
import { take, type Api, type Schemas } from "./client";

export type Stats = Schemas["Stats"];
export type Bucket = "1m" | "5m" | "1h" | "1d";

const HOUR_MS = 3_600_000;

/** The finest bucket that makes a chart of at most some 170 points. */
export function bucketFor(lengthMs: number): Bucket {
  if (lengthMs <= 2 * HOUR_MS) return "1m";
  if (lengthMs <= 12 * HOUR_MS) return "5m";
  if (lengthMs <= 7 * 24 * HOUR_MS) return "1h";
  return "1d";
}

const FRESH_MS = 15_000;

/** The figures of a time, and those of the time of the same length right before. */
export const statsQuery = (api: Api, time: TimeSearch, standard: Span, subscription_id?: string) =>
  queryOptions({
    queryKey: [api.tenant, "stats", time, standard, subscription_id],
    refetchInterval: time.to === undefined ? FRESH_MS : false,
    placeholderData: keepPreviousData,
    queryFn: async (): Promise<{ now: Stats; before: Stats }> => {
      const window = closedWindow(time, new Date(), standard);
      const bucket = bucketFor(Date.parse(window.to) - Date.parse(window.from));
      const load = (of: { from: string; to: string }) =>
        take(
          api.http.GET("/api/v1/webhooks/stats", { params: { query: { ...of, bucket, subscription_id } } }),
        );
      const [now, before] = await Promise.all([load(window), load(previousWindow(window))]);
      return { now, before };
    },
  });
