import type { AuditFilters } from "../../api/audit";
import { timeSearch } from "../../ui/time-range/range";
import { text } from "../../lib/params";

export function auditSearch(raw: Record<string, unknown>): AuditFilters {
  return { actor: text(raw.actor), resource_id: text(raw.resource_id), ...timeSearch(raw) };
}
