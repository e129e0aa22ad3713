import { useInterval, useThrottledCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { eventPages, newestEvents, type EventFilters, type EventHead } from "../../api/events";
import { useLive } from "../../api/useLive";
import { byTime, type RowKind } from "../../lib/liveRows";
import { LiveList } from "../../ui/live/LiveList";
import { useLiveRows } from "../../ui/live/useLiveRows";
import { windowOf } from "../../ui/time-range/range";
import { useApi } from "../../routes/tenant";
import { eventColumns, eventKey } from "./columns";

const eventRows: RowKind<EventHead> = {
  key: eventKey,
  isNewer: () => false, // Events never change.
  order: byTime,
};

/** At most so often the newest events are asked for, and so often at least: not every event makes a delivery. */
const SOONEST_MS = 2_000;
const LATEST_MS = 10_000;

/** The list of events while it is live. Deliveries tell when there are new ones. */
export function LiveEvents({ filters, empty }: { filters: EventFilters; empty: ReactNode }) {
  const api = useApi();
  const [from] = useState(() => windowOf(filters, new Date()).from);
  const query = useInfiniteQuery(eventPages(api, filters));
  const live = useLiveRows(eventRows, query.data?.pages.flatMap((page) => page.data) ?? []);
  const look = useThrottledCallback(() => {
    newestEvents(api, filters, from).then(
      ({ data }) => live.tell(data),
      () => undefined, // It is asked for again soon; the stream tells what is wrong.
    );
  }, SOONEST_MS);
  const state = useLive(
    api,
    true,
    { event_type: filters.type, from },
    {
      onDeliveries: (deliveries) => {
        if (deliveries.some(({ trigger }) => trigger === "event" || trigger === "test")) look();
      },
      onGap: () => void query.refetch(),
    },
  );

  const { start, stop } = useInterval(look, LATEST_MS);
  const isOpen = state.name === "open";
  useEffect(() => {
    if (isOpen) start();
    return stop;
  }, [isOpen, start, stop]);

  return (
    <LiveList
      noun="events"
      state={state}
      query={query}
      live={live}
      columns={eventColumns}
      rowKey={eventKey}
      empty={empty}
    />
  );
}
