import type { EventTypeFilters } from "../../api/eventTypes";
import { oneOf, text } from "../../lib/params";

export function eventTypesSearch(raw: Record<string, unknown>): EventTypeFilters {
  return { deprecated: oneOf(raw.deprecated, ["true", "false"]) };
}

/** Which version is looked at; without one the newest is. */
export function eventTypeSearch(raw: Record<string, unknown>): { version?: string } {
  return { version: text(raw.version) };
}
