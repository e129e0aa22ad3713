import { replayStatuses, type ReplayFilters } from "../../api/replays";
import { someOf, text } from "../../lib/params";

export function replaySearch(raw: Record<string, unknown>): ReplayFilters {
  return { status: someOf(raw.status, replayStatuses), subscription_id: text(raw.subscription_id) };
}
