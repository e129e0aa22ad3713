import type { TimeSearch } from "../ui/time-range/range";
import { take, type Api, type Schemas } from "./client";
import { pages } from "./pages";

export type AuditEntry = Schemas["AuditEntry"];

export interface AuditFilters extends TimeSearch {
  actor?: string;
  resource_id?: string;
}

export const auditPages = (api: Api, filters: AuditFilters) =>
  pages(api, "audit", filters, filters, (page) => {
    const actor = filters.actor === undefined ? undefined : [filters.actor];
    const resource_id = filters.resource_id === undefined ? undefined : [filters.resource_id];
    return takePage(
      api.http.GET("/api/v1/webhooks/audit-log", { params: { query: { actor, resource_id, ...page } } }),
    );
  });

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
