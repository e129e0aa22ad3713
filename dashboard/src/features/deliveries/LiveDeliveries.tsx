import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { deliveryPages, type DeliveryFilters } from "../../api/deliveries";
import { useLive } from "../../api/useLive";
import { LiveList } from "../../ui/live/LiveList";
import { useLiveRows } from "../../ui/live/useLiveRows";
import { windowOf } from "../../ui/time-range/range";
import { useApi } from "../../routes/tenant";
import { deliveryColumns } from "./columns";
import { deliveryRows, fits, streamed } from "./live";

/** The list of deliveries while it is live. Other filters make another one. */
export function LiveDeliveries({ filters, empty }: { filters: DeliveryFilters; empty: ReactNode }) {
  const api = useApi();
  const [from] = useState(() => windowOf(filters, new Date()).from);
  const query = useInfiniteQuery(deliveryPages(api, filters));
  const live = useLiveRows(deliveryRows, query.data?.pages.flatMap((page) => page.data) ?? []);
  const state = useLive(api, true, streamed(filters, from), {
    onDeliveries: (deliveries) =>
      live.tell(deliveries.filter((one) => live.isShown(deliveryRows.key(one)) || fits(filters, one))),
    onGap: () => void query.refetch(),
  });
  return (
    <LiveList
      noun="deliveries"
      state={state}
      query={query}
      live={live}
      columns={deliveryColumns}
      rowKey={deliveryRows.key}
      empty={empty}
    />
  );
}
