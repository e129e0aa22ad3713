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
    text: searched(raw.text),
    ...timeSearch(raw),
  };
}

/** One character is in nearly everything: the API does not look for it. */
function searched(raw: unknown): string | undefined {
  const value = text(raw);
  return value !== undefined && value.length > 1 ? value : undefined;
}
