import { useQueries } from "@tanstack/react-query";
import type { Api } from "../../api/client";
import type { Page } from "../../api/pages";
import type { OfSubscription } from "../../api/stats";
import { subscriptionHealthQuery } from "../../api/subscriptionHealth";
import type { Subscription } from "../../api/subscriptions";

/** What is known of a subscription's last day. */
export type Known = OfSubscription | "none" | "pending" | "unknown";

export interface AllHealth {
  of: (id: string) => Known;
  error: unknown;
  retry: () => void;
}

/** The health of a list's subscriptions, asked for page by page as the list is. */
export function useHealth(api: Api, pages: Page<Subscription>[], allowed: boolean): AllHealth {
  return useQueries({
    queries: pages.map((page) => ({
      ...subscriptionHealthQuery(
        api,
        page.data.map(({ id }) => id),
      ),
      ...(!allowed && { enabled: false }),
    })),
    combine: (results) => ({
      of: (id) => {
        const page = pages.findIndex(({ data }) => data.some((row) => row.id === id));
        const result = results[page];
        if (result?.data !== undefined) return result.data.get(id) ?? "none";
        return result?.isError ? "unknown" : "pending";
      },
      error: results.find(({ isError }) => isError)?.error ?? null,
      retry: () => {
        for (const result of results) if (result.isError) void result.refetch();
      },
    }),
  });
}
