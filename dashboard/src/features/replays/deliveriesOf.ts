import type { DeliveryFilters } from "../../api/deliveries";
import type { Replay } from "../../api/replays";

/**
 * The filters that lead to a replay's deliveries. All of them are made at the instant at which the replay was asked for,
 * whenever their turn comes; hardly anything else is made within that millisecond.
 */
export function deliveriesOf({ created_at, subscription_id }: Replay): DeliveryFilters {
  const at = Date.parse(created_at);
  return {
    from: new Date(at).toISOString(),
    to: new Date(at + 1).toISOString(),
    subscription_id: subscription_id ?? undefined,
  };
}
