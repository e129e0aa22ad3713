import { elements, member } from "../lib/raw";
import { windowOf, type TimeSearch, type Window } from "../ui/time-range/range";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type AuditEntry = Schemas["AuditEntry"];
export type Action = AuditEntry["action"];

// A record, so that none that the API has can be forgotten here.
const known: Record<Action, true> = {
  "tenant.created": true,
  "tenant.updated": true,
  "tenant.deleted": true,
  "key.created": true,
  "key.revoked": true,
  "portal_link.created": true,
  "portal_link.revoked": true,
  "operator_key.rotated": true,
  "session.opened": true,
  "session.closed": true,
  "event_type.created": true,
  "event_type.updated": true,
  "event_type.deleted": true,
  "event_type.imported": true,
  "subscription.created": true,
  "subscription.updated": true,
  "subscription.deleted": true,
  "subscription.disabled": true,
  "subscription.tested": true,
  "subscription.revealed": true,
  "subscription.secret_read": true,
  "subscription.secret_rotated": true,
  "bin.created": true,
  "bin.deleted": true,
  "delivery.redelivered": true,
  "delivery.cancelled": true,
  "replay.created": true,
  "replay.paused": true,
  "replay.resumed": true,
  "replay.cancelled": true,
  "dead_letter.many_discarded": true,
  "dead_letter.replayed": true,
  "dead_letter.discarded": true,
};

export const actions = Object.keys(known) as Action[];

export interface AuditFilters extends TimeSearch {
  action?: Action[];
  /** `operator`, `system`, or ids of keys and portal links. */
  actor?: string[];
  resource_id?: string[];
}

export const auditPages = (api: Api, { action, actor, resource_id, ...time }: AuditFilters) =>
  pages(api, "audit", { action, actor, resource_id, ...time }, time, (page) =>
    takePage(
      api.http.GET("/api/v1/webhooks/audit-log", {
        params: { query: { action, actor, resource_id, ...page } },
      }),
    ),
  );

interface AuditPage {
  data: AuditEntry[];
  next_cursor: string | null;
}

/** The route can answer as lines too, when that is asked for: its type says both. */
async function takePage(call: Parameters<typeof take<AuditPage | string>>[0]): Promise<AuditPage> {
  const answer = await take(call);
  if (typeof answer === "string") throw new TypeError("The audit log was answered as lines");
  return answer;
}

/** How many entries are collected for a file at most: they are all held by the page meanwhile. */
export const MOST_COLLECTED = 10_000;

export interface Collected {
  /** Entries as the server told them, newest first. */
  entries: string[];
  /** Whether there are further ones. */
  more: boolean;
}

/**
 * All entries that the filters let pass, page by page. What is written meanwhile is left out: the window ends when
 * this begins.
 */
export async function collectAudit(
  api: Api,
  { action, actor, resource_id, ...time }: AuditFilters,
  signal: AbortSignal,
  onProgress: (count: number) => void,
): Promise<Collected> {
  const now = new Date();
  const window: Window = { to: now.toISOString(), ...definedOf(windowOf(time, now)) };
  const entries: string[] = [];
  let cursor: string | undefined;
  do {
    const query = { action, actor, resource_id, ...window, limit: 250, cursor };
    const text = await take(
      api.http.GET("/api/v1/webhooks/audit-log", { params: { query }, parseAs: "text", signal }),
    );
    entries.push(...elements(member(text, "data") ?? "[]"));
    cursor = (JSON.parse(member(text, "next_cursor") ?? "null") as string | null) ?? undefined;
    onProgress(Math.min(entries.length, MOST_COLLECTED));
  } while (cursor !== undefined && entries.length < MOST_COLLECTED);
  return {
    entries: entries.slice(0, MOST_COLLECTED),
    more: cursor !== undefined || entries.length > MOST_COLLECTED,
  };
}

function definedOf({ from, to }: Window): Window {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}
