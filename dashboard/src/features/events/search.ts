import type { EventFilters } from "../../api/events";
import { timeSearch } from "../../ui/time-range/range";
import { flag, text } from "../../lib/params";

export interface EventsSearch extends EventFilters {
  /** Whether what is posted meanwhile comes on top by itself. */
  live?: "true";
}

export function eventSearch(raw: Record<string, unknown>): EventsSearch {
  return {
    live: flag(raw.live),
    type: text(raw.type),
    correlation_id: text(raw.correlation_id),
    text: text(raw.text),
    ...timeSearch(raw),
  };
}
