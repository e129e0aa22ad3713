import { Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { deliveryPages, type DeliveryFilters } from "../../api/deliveries";
import { ButtonLink } from "../../ui/links";
import { List } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { useApi } from "../../routes/tenant";
import { ReplayLink } from "../replays/ReplayLink";
import { deliveryColumns } from "./columns";
import { Filters } from "./Filters";

const route = getRouteApi("/shell/deliveries");

export function Deliveries() {
  const { tenant: _tenant, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(deliveryPages(useApi(), filters));
  const change = (next: DeliveryFilters) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <>
      <PageHead title="Deliveries">
        <ReplayLink filters={filters} />
      </PageHead>
      <Filters value={filters} onChange={change} />
      <List
        noun="deliveries"
        query={query}
        columns={deliveryColumns}
        rowKey={(row) => row.id}
        empty={
          <>
            <Text>
              No delivery fits. Widen the time or drop a filter; an event makes one per subscription.
            </Text>
            <ButtonLink to="/subscriptions" variant="light">
              See the subscriptions
            </ButtonLink>
          </>
        }
      />
    </>
  );
}
