import { cache } from "./cache";
import { apiOf, take, type Schemas } from "./client";
import { pages } from "./pages";

export type PortalLink = Schemas["PortalLink"];
export type NewPortalLink = Schemas["NewPortalLink"];

// The routes of links name the tenant in their path and take no `Posthaste-Tenant`.
const api = apiOf(undefined);

export const portalLinkPages = (tenant: string) =>
  pages(api, "portal-links", { tenant }, {}, ({ limit, cursor }) =>
    take(
      api.http.GET("/api/v1/webhooks/tenants/{id}/portal-links", {
        params: { path: { id: tenant }, query: { limit, cursor } },
      }),
    ),
  );

export const createPortalLink = (tenant: string, body: NewPortalLink) =>
  take(
    api.http.POST("/api/v1/webhooks/tenants/{id}/portal-links", {
      params: { path: { id: tenant } },
      body,
    }),
  ).finally(reload);

export const revokePortalLink = (tenant: string, link: string) =>
  take(
    api.http.DELETE("/api/v1/webhooks/tenants/{id}/portal-links/{link}", {
      params: { path: { id: tenant, link } },
    }),
  ).finally(reload);

function reload(): void {
  void cache.invalidateQueries({ queryKey: [undefined, "portal-links"] });
}
