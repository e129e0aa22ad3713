import { queryOptions } from "@tanstack/react-query";
import { windowOf, type TimeSearch, type Window } from "../ui/time-range/range";
import { take, type Api, type Schemas } from "./client";
import { listed, reload, type DeliveryFilters } from "./deliveries";
import { pages } from "./pages";
import type { Replay } from "./replays";

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

export type DeadLetterGroup = Schemas["DeadLetterGroup"];

/** The unresolved ones by subscription and reason, the largest groups first. */
export const deadLetterGroups = (api: Api, time: TimeSearch) =>
  queryOptions({
    queryKey: [api.tenant, "dead-letters", "groups", time],
    queryFn: () => groups(api, windowOf(time, new Date())),
  });

function groups(api: Api, window: Window) {
  return take(api.http.GET("/api/v1/webhooks/dead-letters/groups", { params: { query: window } }));
}

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
    failure_reasons: filters.failure_reason,
  };
}

/** How many new deliveries a replay of these would make: one for each event and subscription among them. */
export async function countReplayed(api: Api, choice: Choice): Promise<number> {
  const body = { ...choice, dry_run: true };
  const answer = await take(api.http.POST("/api/v1/webhooks/dead-letters/replay", { body }));
  return answer.matched;
}

/**
 * How many dead letters these are. Where the groups cannot say, it is `atLeast` as many as a replay would make: an
 * event may have several at one subscription.
 */
export async function countDeadLetters(
  api: Api,
  choice: Choice,
): Promise<{ number: number; atLeast: boolean }> {
  if (!choice.event_types) {
    const { data, complete } = await groups(api, { from: choice.from ?? undefined, to: choice.to });
    if (complete && data.length < MOST_GROUPS) {
      const chosen = data.filter((group) => isChosen(group, choice));
      return { number: chosen.reduce((sum, group) => sum + group.count, 0), atLeast: false };
    }
  }
  return { number: await countReplayed(api, choice), atLeast: true };
}

/** With so many there may be others that were left out. */
const MOST_GROUPS = 100;

function isChosen(group: DeadLetterGroup, { subscription_id, failure_reasons }: Choice): boolean {
  const { failure_reason } = group;
  return (
    (!subscription_id || group.subscription_id === subscription_id) &&
    (!failure_reasons || (failure_reason !== null && failure_reasons.includes(failure_reason)))
  );
}

export async function replayDeadLetters(api: Api, choice: Choice): Promise<Replay> {
  const answer = await take(api.http.POST("/api/v1/webhooks/dead-letters/replay", { body: choice })).finally(
    () => reload(api),
  );
  // The route answers a dry run as well: its type says both.
  if (!("id" in answer)) throw new TypeError("A replay was asked for, and only counted");
  return answer;
}

export const discardDeadLetters = (api: Api, choice: Choice) =>
  take(api.http.POST("/api/v1/webhooks/dead-letters/discard", { body: choice })).finally(() => reload(api));
