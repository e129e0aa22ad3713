import { queryOptions } from "@tanstack/react-query";
import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type Subscription = Schemas["Subscription"];
export type NewSubscription = Schemas["NewSubscription"];
export type SubscriptionPatch = Schemas["SubscriptionPatch"];

export const subscriptionStatuses = ["active", "paused", "disabled"] as const;

export interface SubscriptionFilters {
  status?: Subscription["status"][];
  event_type?: string;
}

export const subscriptionPages = (api: Api, { status, event_type }: SubscriptionFilters) =>
  pages(api, "subscriptions", { status, event_type }, {}, ({ limit, cursor }) => {
    const query = { limit, cursor, status, event_type: event_type === undefined ? undefined : [event_type] };
    return take(api.http.GET("/api/v1/webhooks/subscriptions", { params: { query } }));
  });

/** Those to choose from in a filter: the newest of them. */
export const subscriptionChoices = (api: Api) =>
  queryOptions({
    queryKey: [api.tenant, "subscriptions", "choices"],
    staleTime: 60_000,
    queryFn: () =>
      take(api.http.GET("/api/v1/webhooks/subscriptions", { params: { query: { limit: 250 } } })),
  });

export const subscriptionQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "subscriptions", id],
    queryFn: () => take(api.http.GET("/api/v1/webhooks/subscriptions/{id}", { params: { path: { id } } })),
  });

export const createSubscription = (api: Api, body: NewSubscription) =>
  take(api.http.POST("/api/v1/webhooks/subscriptions", { body })).finally(() => reload(api));

export const changeSubscription = (api: Api, id: string, body: SubscriptionPatch) =>
  take(api.http.PATCH("/api/v1/webhooks/subscriptions/{id}", { params: { path: { id } }, body })).finally(
    () => reload(api),
  );

export const deleteSubscription = (api: Api, id: string) =>
  take(api.http.DELETE("/api/v1/webhooks/subscriptions/{id}", { params: { path: { id } } })).finally(() =>
    reload(api),
  );

/** Sends one example now; the answer is the attempt. */
export const testSubscription = (api: Api, id: string, type: string | undefined) =>
  take(
    api.http.POST("/api/v1/webhooks/subscriptions/{id}/test", { params: { path: { id } }, body: { type } }),
  );

/** Not cached: a secret is shown when it is asked for, and each time is in the audit log. */
export const readSecret = (api: Api, id: string) =>
  take(api.http.GET("/api/v1/webhooks/subscriptions/{id}/secret", { params: { path: { id } } }));

export const rotateSecret = (api: Api, id: string) =>
  take(
    api.http.POST("/api/v1/webhooks/subscriptions/{id}/secret/rotate", {
      params: { path: { id } },
      body: {},
    }),
  );

export const testFilter = (api: Api, filter: string, event_types: string[]) =>
  take(api.http.POST("/api/v1/webhooks/subscriptions/filter-test", { body: { filter, event_types } }));

function reload(api: Api): void {
  void cache.invalidateQueries({ queryKey: [api.tenant, "subscriptions"] });
}
