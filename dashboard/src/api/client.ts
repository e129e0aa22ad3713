import createClient, { type Client, type Middleware } from "openapi-fetch";
import { problemOf } from "./problem";
import type { components, paths } from "./schema";
import { csrfHeader, forget } from "./session";

export type Schemas = components["schemas"];

/** The API as seen for one tenant, or for all of them. The tenant is part of every cache key made with it. */
export interface Api {
  tenant: string | undefined;
  http: Client<paths>;
}

const made = new Map<string | undefined, Api>();

export function apiOf(tenant: string | undefined): Api {
  let api = made.get(tenant);
  if (api === undefined) {
    const http = createClient<paths>({
      baseUrl: window.location.origin,
      fetch: (request) => fetch(request),
    });
    http.use(credentials, tenantHeader(tenant));
    api = { tenant, http };
    made.set(tenant, api);
  }
  return api;
}

const credentials: Middleware = {
  onRequest({ request }) {
    if (request.method === "GET" || request.method === "HEAD") return;
    for (const [name, value] of Object.entries(csrfHeader())) request.headers.set(name, value);
  },
  onResponse({ response }) {
    if (response.status === 401) forget();
  },
};

function tenantHeader(tenant: string | undefined): Middleware {
  return {
    onRequest({ request }) {
      if (tenant !== undefined) request.headers.set("Posthaste-Tenant", tenant);
    },
  };
}

/** The body of a successful answer; throws what any other says. */
export async function take<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemOf(response, error);
  return data as T;
}
