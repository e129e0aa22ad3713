import { deliveryStatuses, failureReasons, type DeliveryFilters } from "../../api/deliveries";
import { timeSearch } from "../../ui/time-range/range";
import { flag, someOf, text } from "../../lib/params";

/** What the address says of a list of deliveries. */
export function deliverySearch(raw: Record<string, unknown>): DeliveryFilters {
  return {
    status: someOf(raw.status, deliveryStatuses),
    subscription_id: text(raw.subscription_id),
    event_type: text(raw.event_type),
    event_id: text(raw.event_id),
    failure_reason: someOf(raw.failure_reason, failureReasons),
    ...timeSearch(raw),
  };
}

export interface DeliveriesSearch extends DeliveryFilters {
  /** Whether what is made meanwhile comes on top by itself. */
  live?: "true";
}

export function deliveriesSearch(raw: Record<string, unknown>): DeliveriesSearch {
  return { ...deliverySearch(raw), live: flag(raw.live) };
}
