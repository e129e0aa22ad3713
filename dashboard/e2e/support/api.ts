import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "../../src/api/schema";

export type Schemas = components["schemas"];
export type Api = Client<paths>;

/** The API as it is for who has the key; an operator names a tenant. */
export function apiOf(url: string, key: string, tenant?: string): Api {
  return createClient<paths>({
    baseUrl: url,
    headers: {
      Authorization: `Bearer ${key}`,
      ...(tenant !== undefined && { "Posthaste-Tenant": tenant }),
    },
  });
}

/** What a call answered; a refusal ends the test. */
export async function take<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<NonNullable<T>> {
  const { data, error, response } = await call;
  if (!response.ok || data === undefined || data === null) {
    throw new Error(`${response.url} answered ${response.status}: ${JSON.stringify(error)}`);
  }
  return data;
}
