import { failureReasons, type FailureReason } from "../../api/deliveries";
import { replayedStatuses, replayStatuses, type NewReplay, type ReplayFilters } from "../../api/replays";
import { instant, someOf, text, texts } from "../../lib/params";
import { timeSearch, type TimeSearch } from "../../ui/time-range/range";

export function replaySearch(raw: Record<string, unknown>): ReplayFilters {
  return { status: someOf(raw.status, replayStatuses), subscription_id: text(raw.subscription_id) };
}

/** A replay that is being chosen, as it stands in the address. */
export interface ReplayDraft extends TimeSearch {
  statuses?: NewReplay["statuses"] & string[];
  subscription_id?: string;
  event_type?: string[];
  /** Of those that failed. */
  failure_reason?: FailureReason[];
  /** Most per second; a text, since the address is one. */
  rate?: string;
  /** What the histogram shows, once that is no longer the window itself with a margin. */
  shown_from?: string;
  shown_to?: string;
}

export function draftSearch(raw: Record<string, unknown>): ReplayDraft {
  return {
    ...timeSearch(raw),
    statuses: someOf(raw.statuses, replayedStatuses),
    subscription_id: text(raw.subscription_id),
    event_type: texts(raw.event_type),
    failure_reason: someOf(raw.failure_reason, failureReasons),
    rate: Number(text(raw.rate)) > 0 ? text(raw.rate) : undefined,
    shown_from: instant(raw.shown_from),
    shown_to: instant(raw.shown_to),
  };
}
