import { queryOptions } from "@tanstack/react-query";
import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";
import { ProblemError } from "./problem";

export type Bin = Schemas["Bin"];
export type NewBin = Schemas["NewBin"];
export type BinRequest = Schemas["BinRequest"];

export const binPages = (api: Api) =>
  pages(api, "bins", {}, {}, ({ limit, cursor }) =>
    take(api.http.GET("/api/v1/webhooks/bins", { params: { query: { limit, cursor } } })),
  );

export const binQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "bins", "one", id],
    queryFn: () => take(api.http.GET("/api/v1/webhooks/bins/{id}", { params: { path: { id } } })),
  });

/** Each may have a body of 256 KiB, so a page is short. */
const REQUESTS = 20;

export const binRequestPages = (api: Api, id: string) =>
  pages(api, "bins", { requests: id }, {}, ({ cursor }) => requests(api, id, REQUESTS, cursor));

const EVERY_MS = 2_000;

/** Asks for the newest request alone, again and again: the others are loaded when there is another one. */
export const newestBinRequest = (api: Api, id: string, following: boolean) =>
  queryOptions({
    queryKey: [api.tenant, "bins", "newest", id],
    queryFn: async () => (await requests(api, id, 1)).data[0] ?? null,
    enabled: following,
    refetchInterval: ({ state: { error } }) => (isGone(error) ? false : EVERY_MS),
    refetchOnWindowFocus: "always",
  });

function requests(api: Api, id: string, limit: number, cursor?: string) {
  return take(
    api.http.GET("/api/v1/webhooks/bins/{id}/requests", {
      params: { path: { id }, query: { limit, cursor } },
    }),
  );
}

function isGone(error: Error | null): boolean {
  return error instanceof ProblemError && error.status < 500 && error.status !== 429 && error.status !== 0;
}

export const createBin = (api: Api, body: NewBin) =>
  take(api.http.POST("/api/v1/webhooks/bins", { body })).finally(() => reloadBins(api));

export const deleteBin = (api: Api, id: string) =>
  take(api.http.DELETE("/api/v1/webhooks/bins/{id}", { params: { path: { id } } })).finally(() =>
    reloadBins(api),
  );

/** The lists, here and of all tenants; the page of one that was deleted is left alone. */
function reloadBins(api: Api): void {
  for (const tenant of [api.tenant, undefined]) {
    void cache.invalidateQueries({ queryKey: [tenant, "bins", "list", {}], exact: true });
  }
}
