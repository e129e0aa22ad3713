import type { DeliveryFilters } from "../../api/deliveries";
import { replayedStatuses } from "../../api/replays";
import { someOf } from "../../lib/params";
import { ButtonLink } from "../../ui/links";
import { useAllowed } from "../../routes/allowed";

/** Leads from a list of deliveries to a new replay of what the list shows, as far as a replay can be told it. */
export function ReplayLink({ filters }: { filters: DeliveryFilters }) {
  const allowed = useAllowed("deliveries:write");
  // Many cannot be chosen by one event, and what is still pending or retrying is sent anyway.
  const statuses = someOf(filters.status, replayedStatuses);
  if (!allowed || filters.event_id !== undefined) return null;
  if (filters.status !== undefined && statuses === undefined) return null;
  const { range, from, to, subscription_id, event_type, failure_reason } = filters;
  return (
    <ButtonLink
      to="/replays/new"
      search={{
        range,
        from,
        to,
        subscription_id,
        event_type: event_type === undefined ? undefined : [event_type],
        statuses,
        failure_reason,
      }}
      size="xs"
      variant="default"
    >
      Replay this window
    </ButtonLink>
  );
}
