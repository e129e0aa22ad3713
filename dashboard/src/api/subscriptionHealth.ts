import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { closedWindow } from "../ui/time-range/range";
import { take, type Api } from "./client";
import { PAGE_SIZE } from "./pages";
import type { OfSubscription } from "./stats";

const FRESH_MS = 60_000;

/**
 * How subscriptions fared in the last day, by their ids: those of one page of their list. One that had no attempt is
 * not among them.
 */
export const subscriptionHealthQuery = (api: Api, ids: string[]) =>
  queryOptions({
    queryKey: [api.tenant, "stats", "health", ids],
    enabled: ids.length > 0,
    staleTime: FRESH_MS,
    refetchInterval: FRESH_MS,
    placeholderData: keepPreviousData,
    queryFn: async (): Promise<Map<string, OfSubscription>> => {
      const window = closedWindow({}, new Date(), "24h");
      const query = { ...window, bucket: "1h" as const, subscription_id: ids, limit: PAGE_SIZE };
      const { data } = await take(
        api.http.GET("/api/v1/webhooks/stats/subscriptions", { params: { query } }),
      );
      return new Map(data.map((row) => [row.subscription_id, row]));
    },
  });
