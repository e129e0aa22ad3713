import { deliveryStatuses, type DeliveryFilters } from "../../api/deliveries";
import { timeSearch } from "../../ui/time-range/range";
import { someOf, text } from "../../lib/params";

/** What the address says of a list of deliveries. */
export function deliverySearch(raw: Record<string, unknown>): DeliveryFilters {
  return {
    status: someOf(raw.status, deliveryStatuses),
    subscription_id: text(raw.subscription_id),
    event_type: text(raw.event_type),
    event_id: text(raw.event_id),
    ...timeSearch(raw),
  };
}
