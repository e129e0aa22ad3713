import { queryOptions } from "@tanstack/react-query";
import { member, withMember } from "../lib/raw";
import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type Subscription = Schemas["Subscription"];
export type NewSubscription = Omit<Schemas["NewSubscription"], "metadata">;
export type SubscriptionPatch = Omit<Schemas["SubscriptionPatch"], "metadata">;

/** A subscription, with its metadata as the text that it is. */
export interface StoredSubscription {
  subscription: Subscription;
  metadata: string;
}

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

export const storedSubscriptionQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "subscriptions", id],
    queryFn: () => storedSubscription(api, id),
  });

/** The same, for who needs no metadata. */
export const subscriptionQuery = (api: Api, id: string) =>
  queryOptions({ ...storedSubscriptionQuery(api, id), select: ({ subscription }) => subscription });

/** To be changed: as it is now, and kept as it was then while it is edited. */
export const subscriptionToEditQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "subscription to edit", id],
    queryFn: () => storedSubscription(api, id),
    staleTime: Infinity,
    gcTime: 0,
  });

/** Not cached: sealed values are shown when that is asked for, and each time is in the audit log. */
export const revealSubscription = (api: Api, id: string) => storedSubscription(api, id, true);

async function storedSubscription(api: Api, id: string, reveal?: boolean): Promise<StoredSubscription> {
  const params = { path: { id }, query: { reveal } };
  const text = await take(api.http.GET("/api/v1/webhooks/subscriptions/{id}", { params, parseAs: "text" }));
  return { subscription: JSON.parse(text) as Subscription, metadata: member(text, "metadata") ?? "{}" };
}

/** Metadata is given as text, so that its numbers stay as they are written. */
export const createSubscription = (api: Api, body: NewSubscription, metadata: string | null = null) =>
  take(
    api.http.POST("/api/v1/webhooks/subscriptions", {
      body,
      bodySerializer: (rest) => withMember(JSON.stringify(rest), "metadata", metadata),
    }),
  ).finally(() => reload(api));

/** Metadata is given as a merge patch in text. */
export const changeSubscription = (
  api: Api,
  id: string,
  body: SubscriptionPatch,
  metadata: string | null = null,
) =>
  take(
    api.http.PATCH("/api/v1/webhooks/subscriptions/{id}", {
      params: { path: { id } },
      body,
      bodySerializer: (rest) => withMember(JSON.stringify(rest), "metadata", metadata),
    }),
  ).finally(() => reload(api));

/** What is told of it is not loaded anew: it is gone. */
export const deleteSubscription = (api: Api, id: string) =>
  take(api.http.DELETE("/api/v1/webhooks/subscriptions/{id}", { params: { path: { id } } })).finally(() => {
    reload(api, "list");
    reload(api, "choices");
  });

/** Once its page is left. */
export function forgetSubscription(api: Api, id: string): void {
  cache.removeQueries({ queryKey: [api.tenant, "subscriptions", id] });
}

/** Sends one example now; the answer is the attempt. */
export const testSubscription = (api: Api, id: string, type: string | undefined) =>
  take(
    api.http.POST("/api/v1/webhooks/subscriptions/{id}/test", { params: { path: { id } }, body: { type } }),
  );

/** Not cached: a secret is shown when it is asked for, and each time is in the audit log. */
export const readSecret = (api: Api, id: string) =>
  take(api.http.GET("/api/v1/webhooks/subscriptions/{id}/secret", { params: { path: { id } } }));

export type SecretRotation = Schemas["SecretRotation"];

export const rotateSecret = (api: Api, id: string, body: SecretRotation) =>
  take(
    api.http.POST("/api/v1/webhooks/subscriptions/{id}/secret/rotate", { params: { path: { id } }, body }),
  );

/** An event to try a filter on; data and metadata are the JSON texts that they are. */
export interface TriedEvent {
  type: string;
  data: string;
  metadata: string | null;
}

export interface FilterTrial {
  filter: string | null;
  event_types: string[];
  /** None: the last events. */
  event: TriedEvent | null;
}

export const testFilter = (api: Api, { event, ...body }: FilterTrial) =>
  take(
    api.http.POST("/api/v1/webhooks/subscriptions/filter-test", {
      body,
      bodySerializer: (rest) => withMember(JSON.stringify(rest), "event", event && eventText(event)),
    }),
  );

function eventText({ type, data, metadata }: TriedEvent): string {
  return withMember(`{"type":${JSON.stringify(type)},"data":${data}}`, "metadata", metadata);
}

function reload(api: Api, ...what: ["list" | "choices"] | []): void {
  void cache.invalidateQueries({ queryKey: [api.tenant, "subscriptions", ...what] });
}
