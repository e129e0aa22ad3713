import { subscriptionStatuses, type SubscriptionFilters } from "../../api/subscriptions";
import { oneOf, someOf, text } from "../../lib/params";
import { timeSearch, type TimeSearch } from "../../ui/time-range/range";

export function subscriptionSearch(raw: Record<string, unknown>): SubscriptionFilters {
  return { status: someOf(raw.status, subscriptionStatuses), event_type: text(raw.event_type) };
}

/** The samples of code that verify a request. */
export const sampleNames = ["typescript", "python", "rust", "javascript-library", "python-library"] as const;
export type SampleName = (typeof sampleNames)[number];

/** What the page of one subscription shows: the time of its figures, and a sample. */
export interface SubscriptionPageSearch extends TimeSearch {
  sample?: SampleName;
}

export function subscriptionPageSearch(raw: Record<string, unknown>): SubscriptionPageSearch {
  return { ...timeSearch(raw), sample: oneOf(raw.sample, sampleNames) };
}
