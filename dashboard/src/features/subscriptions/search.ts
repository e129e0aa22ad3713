import { subscriptionStatuses, type SubscriptionFilters } from "../../api/subscriptions";
import { someOf, text } from "../../lib/params";

export function subscriptionSearch(raw: Record<string, unknown>): SubscriptionFilters {
  return { status: someOf(raw.status, subscriptionStatuses), event_type: text(raw.event_type) };
}
