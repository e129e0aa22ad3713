import { cache } from "./cache";
import { apiOf, take, type Schemas } from "./client";
import { pages } from "./pages";

export type Key = Schemas["Key"];
export type NewKey = Schemas["NewKey"];
export type Scope = Key["scopes"][number];

// The routes of keys name the tenant in their path and take no `Posthaste-Tenant`.
const api = apiOf(undefined);

export const keyPages = (tenant: string) =>
  pages(api, "keys", { tenant }, {}, ({ limit, cursor }) =>
    take(
      api.http.GET("/api/v1/webhooks/tenants/{id}/keys", {
        params: { path: { id: tenant }, query: { limit, cursor } },
      }),
    ),
  );

export const createKey = (tenant: string, body: NewKey) =>
  take(
    api.http.POST("/api/v1/webhooks/tenants/{id}/keys", { params: { path: { id: tenant } }, body }),
  ).finally(reload);

export const revokeKey = (tenant: string, key: string) =>
  take(
    api.http.DELETE("/api/v1/webhooks/tenants/{id}/keys/{key}", { params: { path: { id: tenant, key } } }),
  ).finally(reload);

function reload(): void {
  void cache.invalidateQueries({ queryKey: [undefined, "keys"] });
}
