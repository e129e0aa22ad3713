import { queryOptions } from "@tanstack/react-query";
import { member, withMember } from "../lib/raw";
import { cache } from "./cache";
import { apiOf, take, type Schemas } from "./client";
import { pages } from "./pages";

export type Tenant = Schemas["Tenant"];
export type TenantPatch = Omit<Schemas["TenantPatch"], "metadata">;

/** A tenant, with its metadata as the text that it is. */
export interface StoredTenant {
  tenant: Tenant;
  metadata: string;
}

// The routes of tenants take no `Posthaste-Tenant`: they are the operator's, whichever tenant is looked at.
const api = apiOf(undefined);
const MOST_PAGES = 4;

export const tenantPages = () =>
  pages(api, "tenants", {}, {}, ({ limit, cursor }) =>
    take(api.http.GET("/api/v1/webhooks/tenants", { params: { query: { limit, cursor } } })),
  );

/** The tenants to choose from, newest first; `more` tells that there are further ones. */
export const tenantChoices = queryOptions({
  queryKey: [undefined, "tenants", "choices"],
  staleTime: 60_000,
  queryFn: async () => {
    const tenants: Tenant[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { limit: 250, cursor };
      const { data, next_cursor } = await take(
        api.http.GET("/api/v1/webhooks/tenants", { params: { query } }),
      );
      tenants.push(...data);
      if (next_cursor === null) return { tenants, more: false };
      cursor = next_cursor;
    }
    return { tenants, more: true };
  },
});

export const createTenant = (name: string) =>
  take(api.http.POST("/api/v1/webhooks/tenants", { body: { name } })).finally(() => reload());

export const tenantQuery = (id: string) =>
  queryOptions({
    queryKey: [undefined, "tenants", "one", id],
    queryFn: async (): Promise<StoredTenant> => {
      const params = { path: { id } };
      const text = await take(api.http.GET("/api/v1/webhooks/tenants/{id}", { params, parseAs: "text" }));
      return { tenant: JSON.parse(text) as Tenant, metadata: member(text, "metadata") ?? "{}" };
    },
  });

/** Metadata is given as a merge patch in text, so that its numbers stay as they are written. */
export const changeTenant = (id: string, body: TenantPatch, metadata: string | null = null) =>
  take(
    api.http.PATCH("/api/v1/webhooks/tenants/{id}", {
      params: { path: { id } },
      body,
      bodySerializer: (rest) => withMember(JSON.stringify(rest), "metadata", metadata),
    }),
  ).finally(() => reload());

/** Nothing that was told of it stays; its own page is not loaded anew. */
export const deleteTenant = (id: string) =>
  take(api.http.DELETE("/api/v1/webhooks/tenants/{id}", { params: { path: { id } } })).finally(() => {
    reload("list");
    reload("choices");
    cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] === id });
  });

function reload(...what: ["list" | "choices"] | []): void {
  void cache.invalidateQueries({ queryKey: [undefined, "tenants", ...what] });
}
