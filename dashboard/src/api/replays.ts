import { queryOptions } from "@tanstack/react-query";
import { take, type Api, type Schemas } from "./client";
import { reload } from "./deliveries";
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

const MOVING_MS = 2_000;
const SETTLING_MS = 10_000;

export function isOver({ status }: Replay): boolean {
  return status === "completed" || status === "cancelled";
}

/** How soon its figures may be others. Those of a cancelled one too: what was attempted goes on with its retries. */
function movesWithin(replay: Replay): number | false {
  if (!isOver(replay)) return MOVING_MS;
  return replay.status === "cancelled" && unfinished(replay) > 0 ? SETTLING_MS : false;
}

/** Deliveries that were made and are not known to have succeeded or failed. */
export function unfinished({ enqueued, succeeded, failed }: Replay): number {
  return Math.max(0, enqueued - succeeded - failed);
}

/** `matched` is how many there were when it was asked for: in the end there may be fewer. */
export function toBeMade(replay: Replay): number {
  return isOver(replay) ? 0 : Math.max(0, replay.matched - replay.enqueued - replay.skipped);
}

export const replayPages = (api: Api, { status, subscription_id }: ReplayFilters) => ({
  ...pages(api, "replays", { status, subscription_id }, {}, ({ limit, cursor }) => {
    const chosen = subscription_id === undefined ? undefined : [subscription_id];
    const query = { limit, cursor, status, subscription_id: chosen };
    return take(api.http.GET("/api/v1/webhooks/replays", { params: { query } }));
  }),
  refetchInterval: ({ state }: { state: { data?: { pages: { data: Replay[] }[] } } }) =>
    state.data?.pages.some((page) => page.data.some((row) => row.status === "running")) ? MOVING_MS : false,
});

export const replayQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [api.tenant, "replays", id],
    queryFn: () => take(api.http.GET("/api/v1/webhooks/replays/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data ? movesWithin(state.data) : false),
  });

/** How many deliveries `asked` would make. It is a look at the database each time, so it is kept for a minute. */
export const replayCount = (api: Api, asked: NewReplay) =>
  queryOptions({
    queryKey: [api.tenant, "replays", "count", asked],
    staleTime: 60_000,
    refetchOnWindowFocus: false,
    queryFn: async () => {
      const body = { ...asked, dry_run: true };
      return (await take(api.http.POST("/api/v1/webhooks/replays", { body }))).matched;
    },
  });

export async function createReplay(api: Api, body: NewReplay): Promise<Replay> {
  const answer = await take(api.http.POST("/api/v1/webhooks/replays", { body })).finally(() => reload(api));
  // The route answers a dry run as well: its type says both.
  if (!("id" in answer)) throw new TypeError("A replay was asked for, and only counted");
  return answer;
}

export const moveReplay = (api: Api, id: string, move: "pause" | "resume" | "cancel") =>
  take(api.http.POST(`/api/v1/webhooks/replays/{id}/${move}`, { params: { path: { id } } })).finally(() =>
    reload(api),
  );
