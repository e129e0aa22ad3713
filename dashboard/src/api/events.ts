import { queryOptions } from "@tanstack/react-query";
import { member } from "../lib/raw";
import type { TimeSearch } from "../ui/time-range/range";
import { take, type Api, type Schemas } from "./client";
import { pages, type PageQuery } from "./pages";

export type EventHead = Schemas["EventHead"];
export type Explained = Schemas["ExplainedSubscription"];

/** An event, with what was posted as the text that it was. */
export interface StoredEvent {
  head: EventHead;
  data: string;
  metadata: string;
}

export interface EventFilters extends TimeSearch {
  type?: string;
  correlation_id?: string;
  /** What data or metadata has in it. */
  text?: string;
}

export const eventPages = (api: Api, filters: EventFilters) =>
  pages(api, "events", filters, filters, (page) => list(api, filters, page));

/** The newest of a list, as many as one page may have. */
export const newestEvents = (api: Api, filters: EventFilters, from: string | undefined) =>
  list(api, filters, { from, limit: MOST_IN_PAGE });

const MOST_IN_PAGE = 250;

function list(api: Api, filters: EventFilters, page: PageQuery) {
  const type = filters.type === undefined ? undefined : [filters.type];
  const correlation_id = filters.correlation_id === undefined ? undefined : [filters.correlation_id];
  return take(
    api.http.GET("/api/v1/webhooks/events", {
      params: { query: { type, correlation_id, text: filters.text, ...page } },
    }),
  );
}

export const eventQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "events", id],
    staleTime: Infinity, // Events never change.
    queryFn: async (): Promise<StoredEvent> => {
      const params = { path: { id } };
      const text = await take(api.http.GET("/api/v1/webhooks/events/{id}", { params, parseAs: "text" }));
      const head = JSON.parse(text) as EventHead;
      return { head, data: member(text, "data") ?? "null", metadata: member(text, "metadata") ?? "{}" };
    },
  });

export const explanationQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "events", id, "explain"],
    queryFn: () => take(api.http.GET("/api/v1/webhooks/events/{id}/explain", { params: { path: { id } } })),
  });

/** The body of its requests in the standard format; data and metadata are passed through as text. */
export function envelope({ head, data, metadata }: StoredEvent): string {
  const rest = [
    head.version === null ? "" : `,"version":${JSON.stringify(head.version)}`,
    head.correlation_id === null ? "" : `,"correlation_id":${JSON.stringify(head.correlation_id)}`,
  ].join("");
  return `{"id":"${head.id}","type":"${head.type}","timestamp":"${head.timestamp}","data":${data},"metadata":${metadata}${rest}}`;
}
