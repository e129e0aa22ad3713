import type { EventFilters } from "../../api/events";
import { timeSearch } from "../../parts/time-range/range";
import { text } from "../../search/params";

export function eventSearch(raw: Record<string, unknown>): EventFilters {
  return { type: text(raw.type), correlation_id: text(raw.correlation_id), ...timeSearch(raw) };
}
