import { actions, type AuditFilters } from "../../api/audit";
import { someOf, text, texts } from "../../lib/params";
import { timeSearch } from "../../ui/time-range/range";

/** `entry` is the one that is shown in full. */
export function auditSearch(raw: Record<string, unknown>): AuditFilters & { entry?: string } {
  return {
    action: someOf(raw.action, actions),
    actor: texts(raw.actor),
    resource_id: texts(raw.resource_id),
    entry: text(raw.entry),
    ...timeSearch(raw),
  };
}
