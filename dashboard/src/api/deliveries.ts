import { queryOptions } from "@tanstack/react-query";
import type { TimeSearch } from "../ui/time-range/range";
import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type Delivery = Schemas["Delivery"];
export type Attempt = Schemas["Attempt"];
export type DeliveryStatus = Delivery["status"];

export const deliveryStatuses = ["pending", "retrying", "succeeded", "failed", "cancelled"] as const;

export type FailureReason = NonNullable<Delivery["failure_reason"]>;

export const failureReasons = [
  "timeout",
  "dns",
  "connect",
  "tls",
  "blocked_address",
  "http_status",
  "gone",
  "protocol",
  "response_too_large",
  "subscription_disabled",
  "expired",
] as const satisfies readonly FailureReason[];

export interface DeliveryFilters extends TimeSearch {
  status?: DeliveryStatus[];
  subscription_id?: string;
  event_type?: string;
  event_id?: string;
  failure_reason?: FailureReason[];
}

/** What the lists of deliveries and of dead letters are asked for alike. */
export function listed(filters: DeliveryFilters) {
  const { status, subscription_id, event_type, event_id, failure_reason } = filters;
  return {
    status,
    failure_reason,
    subscription_id: one(subscription_id),
    event_type: one(event_type),
    event_id: one(event_id),
  };
}

function one(value: string | undefined): string[] | undefined {
  return value === undefined ? undefined : [value];
}

export const deliveryPages = (api: Api, filters: DeliveryFilters) =>
  pages(api, "deliveries", filters, filters, (page) =>
    take(api.http.GET("/api/v1/webhooks/deliveries", { params: { query: { ...listed(filters), ...page } } })),
  );

const MOVING_MS = 3_000;

/** Nothing moves any more in a final state; a replay is a new delivery. */
export function isFinal(status: DeliveryStatus): boolean {
  return status !== "pending" && status !== "retrying";
}

export const deliveryQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "deliveries", id],
    queryFn: () => take(api.http.GET("/api/v1/webhooks/deliveries/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && !isFinal(state.data.status) ? MOVING_MS : false),
  });

const MOST_ATTEMPTS = 250;

/**
 * The attempts, oldest first. `count` is the delivery's: with another one there are others to load, and while the
 * first is under way there may be one that is not counted yet.
 */
export const attemptsQuery = (api: Api, id: string, count: number) =>
  queryOptions({
    queryKey: [api.tenant, "deliveries", id, "attempts", count],
    queryFn: () =>
      take(
        api.http.GET("/api/v1/webhooks/deliveries/{id}/attempts", {
          params: { path: { id }, query: { limit: MOST_ATTEMPTS } },
        }),
      ),
  });

export const redeliver = (api: Api, id: string) =>
  take(api.http.POST("/api/v1/webhooks/deliveries/{id}/redeliver", { params: { path: { id } } })).finally(
    () => reload(api),
  );

export const cancelDelivery = (api: Api, id: string) =>
  take(api.http.POST("/api/v1/webhooks/deliveries/{id}/cancel", { params: { path: { id } } })).finally(() =>
    reload(api),
  );

/** After an act, also one that failed: what it was refused for is news too. */
export function reload(api: Api): void {
  for (const noun of ["deliveries", "dead-letters", "replays", "stats"]) {
    void cache.invalidateQueries({ queryKey: [api.tenant, noun] });
  }
}
