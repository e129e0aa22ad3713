import { windowOf } from "../ui/time-range/range";
import { take, type Api, type Schemas } from "./client";
import { listed, reload, type DeliveryFilters } from "./deliveries";
import { pages } from "./pages";

export type DeadLetter = Schemas["DeadLetter"];

export interface DeadLetterFilters extends DeliveryFilters {
  /** Those that were replayed or discarded; without it, those that wait for one of these. */
  resolved?: "true";
}

export const deadLetterPages = (api: Api, filters: DeadLetterFilters) =>
  pages(api, "dead-letters", filters, filters, (page) => {
    const resolved = filters.resolved === "true" ? true : undefined;
    const query = { ...listed(filters), resolved, ...page };
    return take(api.http.GET("/api/v1/webhooks/dead-letters", { params: { query } }));
  });

export const discardDeadLetter = (api: Api, id: string) =>
  take(api.http.DELETE("/api/v1/webhooks/dead-letters/{id}", { params: { path: { id } } })).finally(() =>
    reload(api),
  );

export const replayDeadLetter = (api: Api, id: string) =>
  take(api.http.POST("/api/v1/webhooks/dead-letters/{id}/replay", { params: { path: { id } } })).finally(() =>
    reload(api),
  );

/** What many are chosen by: all that a list's filters can say but one event's. */
export type Choice = Schemas["DeadLettersChoice"] & { to: string };

/** `to` is always named: deliveries made after the count was shown are not among those that were agreed to. */
export function choiceOf(filters: DeadLetterFilters, now: Date): Choice {
  const { from, to } = windowOf(filters, now);
  return {
    from,
    to: to ?? now.toISOString(),
    subscription_id: filters.subscription_id,
    event_types: filters.event_type === undefined ? undefined : [filters.event_type],
  };
}

export async function countDeadLetters(api: Api, choice: Choice): Promise<number> {
  const body = { ...choice, dry_run: true };
  const answer = await take(api.http.POST("/api/v1/webhooks/dead-letters/replay", { body }));
  return answer.matched;
}

export const replayDeadLetters = (api: Api, choice: Choice) =>
  take(api.http.POST("/api/v1/webhooks/dead-letters/replay", { body: choice })).finally(() => reload(api));

export const discardDeadLetters = (api: Api, choice: Choice) =>
  take(api.http.POST("/api/v1/webhooks/dead-letters/discard", { body: choice })).finally(() => reload(api));
