import { useSearch } from "@tanstack/react-router";
import { apiOf, type Api } from "../api/client";

/** The tenant that the address names; none: all of them, or the one of the key that is signed in. */
export function useTenant(): string | undefined {
  return useSearch({ strict: false, select: (search) => search.tenant });
}

export function useApi(): Api {
  return apiOf(useTenant());
}

/** For links to a row's own page: a list of all tenants says of each row whose it is. */
export function tenantOf(row: { tenant_id?: string }): { tenant?: string } {
  return row.tenant_id === undefined ? {} : { tenant: row.tenant_id };
}
