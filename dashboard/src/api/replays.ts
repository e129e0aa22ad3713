import { cache } from "./cache";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type Replay = Schemas["Replay"];
export type NewReplay = Schemas["NewReplay"];

export const replayStatuses = ["running", "paused", "completed", "cancelled"] as const;
/** What became of the deliveries that are sent again. */
export const replayedStatuses = ["failed", "succeeded", "cancelled", "missing"] as const;

export interface ReplayFilters {
  status?: Replay["status"][];
  subscription_id?: string;
}

export const replayPages = (api: Api, { status, subscription_id }: ReplayFilters) =>
  pages(api, "replays", { status, subscription_id }, {}, ({ limit, cursor }) => {
    const chosen = subscription_id === undefined ? undefined : [subscription_id];
    const query = { limit, cursor, status, subscription_id: chosen };
    return take(api.http.GET("/api/v1/webhooks/replays", { params: { query } }));
  });

export async function countReplay(api: Api, body: NewReplay): Promise<number> {
  const answer = await take(api.http.POST("/api/v1/webhooks/replays", { body: { ...body, dry_run: true } }));
  return answer.matched;
}

export const createReplay = (api: Api, body: NewReplay) =>
  take(api.http.POST("/api/v1/webhooks/replays", { body })).finally(() => reloadReplays(api));

export const moveReplay = (api: Api, id: string, move: "pause" | "resume" | "cancel") =>
  take(api.http.POST(`/api/v1/webhooks/replays/{id}/${move}`, { params: { path: { id } } })).finally(() =>
    reloadReplays(api),
  );

export function reloadReplays(api: Api): void {
  void cache.invalidateQueries({ queryKey: [api.tenant, "replays"] });
}
