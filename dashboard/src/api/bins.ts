import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type Bin = Schemas["Bin"];
export type BinRequest = Schemas["BinRequest"];

export const binPages = (api: Api) =>
  pages(api, "bins", {}, {}, ({ limit, cursor }) =>
    take(api.http.GET("/api/v1/webhooks/bins", { params: { query: { limit, cursor } } })),
  );

export const binRequestPages = (api: Api, id: string) =>
  pages(api, "bins", { requests: id }, {}, ({ limit, cursor }) =>
    take(
      api.http.GET("/api/v1/webhooks/bins/{id}/requests", {
        params: { path: { id }, query: { limit, cursor } },
      }),
    ),
  );

export const createBin = (api: Api, name: string) =>
  take(api.http.POST("/api/v1/webhooks/bins", { body: { name } })).finally(() => reloadBins(api));

export const deleteBin = (api: Api, id: string) =>
  take(api.http.DELETE("/api/v1/webhooks/bins/{id}", { params: { path: { id } } })).finally(() =>
    reloadBins(api),
  );

export function reloadBins(api: Api): void {
  void cache.invalidateQueries({ queryKey: [api.tenant, "bins"] });
}
