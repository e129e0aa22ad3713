import { queryOptions } from "@tanstack/react-query";
import { take, type Api, type Schemas } from "./client";

export type Lanes = Schemas["Lanes"];
export type Lane = Schemas["Lane"];
export type Queue = Schemas["QueueFigures"];

const FRESH_MS = 15_000;

/** So many of a lane are counted. */
export const MOST_COUNTED = 10_000;

/** The lanes in which something waits and, for the operator without a tenant, how full the queue is. */
export const lanesQuery = (api: Api) =>
  queryOptions({
    queryKey: [api.tenant, "lanes"],
    refetchInterval: FRESH_MS,
    queryFn: (): Promise<Lanes> => take(api.http.GET("/api/v1/webhooks/lanes")),
  });
