import { isFinal, type Delivery, type DeliveryFilters } from "../../api/deliveries";
import type { StreamFilters } from "../../api/stream";
import { byTime, type RowKind } from "../../lib/liveRows";

export const deliveryRows: RowKind<Delivery> = {
  key: ({ id }) => id,
  // Final states are never left, and attempts only become more.
  isNewer: (told, known) =>
    !isFinal(known.status) && (isFinal(told.status) || told.attempt_count >= known.attempt_count),
  order: byTime,
};

/**
 * What a stream is asked for. Final states are never left, so they are for the server to choose by; of those that are
 * shown in another state we want to know as well when they leave it.
 */
export function streamed(filters: DeliveryFilters, from?: string): StreamFilters {
  const { range: _range, status, failure_reason, ...rest } = filters;
  return status?.every(isFinal) ? { ...rest, from, status, failure_reason } : { ...rest, from };
}

/** Whether one that is not shown yet belongs into the list. */
export function fits({ status, failure_reason }: DeliveryFilters, delivery: Delivery): boolean {
  const reason = delivery.failure_reason;
  return (
    (status === undefined || status.includes(delivery.status)) &&
    (failure_reason === undefined || (reason !== null && failure_reason.includes(reason)))
  );
}
