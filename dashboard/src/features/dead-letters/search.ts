import type { DeadLetterFilters } from "../../api/deadLetters";
import { flag, text } from "../../lib/params";
import { deliverySearch } from "../deliveries/search";

export interface DeadLettersSearch extends DeadLetterFilters {
  /** A replay that was started here, and is followed. */
  replay?: string;
}

export function deadLetterSearch(raw: Record<string, unknown>): DeadLettersSearch {
  // Each of them has failed: there is no status to choose.
  return {
    ...deliverySearch(raw),
    status: undefined,
    resolved: flag(raw.resolved),
    replay: text(raw.replay),
  };
}
