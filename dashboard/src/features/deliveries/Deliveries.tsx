import { Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { deliveryPages, type DeliveryFilters } from "../../api/deliveries";
import { ButtonLink } from "../../ui/links";
import { List } from "../../ui/list/List";
import { LiveSwitch } from "../../ui/live/LiveSwitch";
import { PageHead } from "../../ui/PageHead";
import { useApi } from "../../routes/tenant";
import { ReplayLink } from "../replays/ReplayLink";
import { deliveryColumns } from "./columns";
import { Filters } from "./Filters";
import { LiveDeliveries } from "./LiveDeliveries";
import type { DeliveriesSearch } from "./search";

const route = getRouteApi("/shell/deliveries");

export function Deliveries() {
  const { tenant, live, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const hindered = filters.to === undefined ? undefined : "not with an end of the time";
  const isLive = live === "true" && hindered === undefined;
  const change = (next: DeliveriesSearch) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <>
      <PageHead title="Deliveries">
        <LiveSwitch on={isLive} hindered={hindered} onChange={(next) => change({ live: next })} />
        <ReplayLink filters={filters} />
      </PageHead>
      <Filters value={filters} onChange={change} />
      {isLive ? (
        <LiveDeliveries key={JSON.stringify([tenant, filters])} filters={filters} empty={<Empty />} />
      ) : (
        <Pages filters={filters} />
      )}
    </>
  );
}

function Pages({ filters }: { filters: DeliveryFilters }) {
  const query = useInfiniteQuery(deliveryPages(useApi(), filters));
  return (
    <List
      noun="deliveries"
      query={query}
      columns={deliveryColumns}
      rowKey={(row) => row.id}
      empty={<Empty />}
    />
  );
}

function Empty() {
  return (
    <>
      <Text>No delivery fits. Widen the time or drop a filter; an event makes one per subscription.</Text>
      <ButtonLink to="/subscriptions" variant="light">
        See the subscriptions
      </ButtonLink>
    </>
  );
}
