import { take, type Api, type Schemas } from "./client";
import { reloadEventTypes } from "./eventTypes";

export type Imported = Schemas["ShownImport"];
export type Form = "json" | "yaml" | "openapi";
export type Mode = "merge" | "replace";

export const exportCatalogue = (api: Api, format: Form) =>
  take(api.http.GET("/api/v1/webhooks/catalogue", { params: { query: { format } }, parseAs: "text" }));

export const starterCatalogue = (api: Api) =>
  take(
    api.http.GET("/api/v1/webhooks/catalogue/starter", {
      params: { query: { format: "yaml" } },
      parseAs: "text",
    }),
  );

export interface Import {
  document: string;
  mode: Mode;
  /** Tells what would become of it, and changes nothing. */
  dry_run: boolean;
}

export const importCatalogue = (api: Api, { document, mode, dry_run }: Import) =>
  take(
    api.http.POST("/api/v1/webhooks/catalogue", {
      params: { query: { mode, dry_run } },
      headers: { "Content-Type": isJson(document) ? "application/json" : "application/yaml" },
      body: document,
      bodySerializer: (text) => text,
    }),
  ).finally(() => {
    if (!dry_run) reloadEventTypes(api);
  });

/** A catalogue is an object: only in JSON does it begin with a brace (YAML would take that too). */
export function isJson(document: string): boolean {
  return document.trimStart().startsWith("{");
}
