import { queryOptions } from "@tanstack/react-query";
import { cache } from "./cache";
import { apiOf, take, type Schemas } from "./client";
import { pages } from "./pages";

export type Tenant = Schemas["Tenant"];

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
  take(api.http.POST("/api/v1/webhooks/tenants", { body: { name } })).finally(reload);

export const changeTenant = (id: string, status: Tenant["status"]) =>
  take(
    api.http.PATCH("/api/v1/webhooks/tenants/{id}", { params: { path: { id } }, body: { status } }),
  ).finally(reload);

function reload(): void {
  void cache.invalidateQueries({ queryKey: [undefined, "tenants"] });
}
