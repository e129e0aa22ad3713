import createClient, { type Client, type Middleware } from "openapi-fetch";
import { caller } from "./portal";
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
      fetch: (request) => fetch(new Request(request, { credentials: caller().credentials })),
    });
    http.use(credentials, tenantHeader(tenant));
    api = { tenant, http };
    made.set(tenant, api);
  }
  return api;
}

const credentials: Middleware = {
  onRequest({ request }) {
    const isSafe = request.method === "GET" || request.method === "HEAD";
    const headers = { ...caller().headers, ...(isSafe ? {} : csrfHeader()) };
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
  },
  onResponse({ request, response }) {
    // What a former link's token was refused says nothing of the one that is open now.
    const isPresent = request.headers.get("Authorization") === (caller().headers.Authorization ?? null);
    if (response.status === 401 && isPresent) forget();
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
