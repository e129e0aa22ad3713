import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type EventType = Schemas["CatalogueEntry"];

export const eventTypePages = (api: Api) =>
  pages(api, "event-types", {}, {}, ({ limit, cursor }) =>
    take(api.http.GET("/api/v1/webhooks/event-types", { params: { query: { limit, cursor } } })),
  );
