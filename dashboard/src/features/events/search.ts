import type { EventFilters } from "../../api/events";
import { timeSearch } from "../../ui/time-range/range";
import { text } from "../../lib/params";

export function eventSearch(raw: Record<string, unknown>): EventFilters {
  return { type: text(raw.type), correlation_id: text(raw.correlation_id), ...timeSearch(raw) };
}
