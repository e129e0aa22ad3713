import { queryOptions } from "@tanstack/react-query";
import { elements, member, withMember } from "../lib/raw";
import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type EventType = Schemas["CatalogueEntry"];

export interface EventTypeFilters {
  deprecated?: "true" | "false";
}

/** What `data` looks like in one version. Schema and example are the JSON texts that they are. */
export interface Version {
  version: string;
  schema: string | null;
  example: string | null;
}

export interface StoredEventType {
  head: EventType;
  /** Oldest first. */
  versions: Version[];
}

export const eventTypePages = (api: Api, { deprecated }: EventTypeFilters) =>
  pages(api, "event-types", { deprecated }, {}, ({ limit, cursor }) => {
    const query = { limit, cursor, deprecated: deprecated && deprecated === "true" };
    return take(api.http.GET("/api/v1/webhooks/event-types", { params: { query } }));
  });

export const eventTypeQuery = (api: Api, name: string) =>
  queryOptions({
    queryKey: [api.tenant, "event-types", "named", name],
    queryFn: () => read(api, name),
  });

async function read(api: Api, name: string): Promise<StoredEventType> {
  const params = { path: { name } };
  const text = await take(api.http.GET("/api/v1/webhooks/event-types/{name}", { params, parseAs: "text" }));
  return { head: JSON.parse(text) as EventType, versions: versionsOf(text) };
}

export function versionsOf(text: string): Version[] {
  return elements(member(text, "versions") ?? "[]").map((version) => ({
    version: String(JSON.parse(member(version, "version") ?? '""')),
    schema: given(member(version, "schema")),
    example: given(member(version, "example")),
  }));
}

function given(text: string | null): string | null {
  return text === "null" ? null : text;
}

export function versionsText(versions: Version[]): string {
  const written = versions.map(
    ({ version, schema, example }) =>
      `{"version":${JSON.stringify(version)},"schema":${schema ?? "null"},"example":${example ?? "null"}}`,
  );
  return `[${written.join(",")}]`;
}

export interface NewEventType {
  name: string;
  description: string;
  versions: Version[];
}

export const createEventType = (api: Api, { versions, ...body }: NewEventType) =>
  take(
    api.http.POST("/api/v1/webhooks/event-types", {
      body,
      bodySerializer: (head) => withVersions(JSON.stringify(head), versions),
    }),
  ).finally(() => reloadEventTypes(api));

export const changeEventType = (
  api: Api,
  name: string,
  body: { description?: string; deprecated?: boolean },
) =>
  take(api.http.PATCH("/api/v1/webhooks/event-types/{name}", { params: { path: { name } }, body })).finally(
    () => reloadEventTypes(api),
  );

/**
 * Versions are written as a whole. They are read right before, so that what somebody else has added meanwhile
 * stays.
 */
export async function changeVersions(
  api: Api,
  name: string,
  change: (versions: Version[]) => Version[],
): Promise<void> {
  const { versions } = await read(api, name);
  const changed = change(versions);
  await take(
    api.http.PATCH("/api/v1/webhooks/event-types/{name}", {
      params: { path: { name } },
      body: {},
      bodySerializer: (head) => withVersions(JSON.stringify(head), changed),
    }),
  ).finally(() => reloadEventTypes(api));
}

/** Only lists are loaded anew: its own page is still there for a moment, and would be told that it is gone. */
export const deleteEventType = (api: Api, name: string) =>
  take(api.http.DELETE("/api/v1/webhooks/event-types/{name}", { params: { path: { name } } })).finally(() =>
    reloadEventTypes(api, "list"),
  );

function withVersions(head: string, versions: Version[]): string {
  return withMember(head, "versions", versionsText(versions));
}

/** Here and in the list of all tenants. */
export function reloadEventTypes(api: Api, ...what: ["list"] | []): void {
  void cache.invalidateQueries({ queryKey: [api.tenant, "event-types", ...what] });
  void cache.invalidateQueries({ queryKey: [undefined, "event-types", ...what] });
}
