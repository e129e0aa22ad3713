import type { DeadLetterFilters } from "../../api/deadLetters";
import { text } from "../../lib/params";
import { deliverySearch } from "../deliveries/search";

export function deadLetterSearch(raw: Record<string, unknown>): DeadLetterFilters {
  // Each of them has failed: there is no status to choose.
  return {
    ...deliverySearch(raw),
    status: undefined,
    resolved: text(raw.resolved) === "true" ? "true" : undefined,
  };
}
