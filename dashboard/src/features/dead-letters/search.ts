import type { DeadLetterFilters } from "../../api/deadLetters";
import { flag } from "../../lib/params";
import { deliverySearch } from "../deliveries/search";

export function deadLetterSearch(raw: Record<string, unknown>): DeadLetterFilters {
  // Each of them has failed: there is no status to choose.
  return {
    ...deliverySearch(raw),
    status: undefined,
    resolved: flag(raw.resolved),
  };
}
