import { Button, Modal, MultiSelect, SimpleGrid, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import {
  subscriptionPages,
  subscriptionStatuses,
  type Subscription,
  type SubscriptionFilters,
} from "../../api/subscriptions";
import { FilterField } from "../../ui/FilterField";
import { TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { someOf } from "../../lib/params";
import { useAllowed } from "../../routes/allowed";
import { useNamesTenant } from "../../routes/namesTenant";
import { tenantOf, useApi } from "../../routes/tenant";
import { Health } from "./Health";
import { useHealth } from "./useHealth";
import { NewSubscription } from "./NewSubscription";

const route = getRouteApi("/shell/subscriptions");

const url: Column<Subscription> = {
  title: "Url",
  cell: (row) => (
    <TextLink to="/subscriptions/$id" params={{ id: row.id }} search={tenantOf(row)} size="sm">
      {row.url}
    </TextLink>
  ),
};
const status: Column<Subscription> = {
  title: "Status",
  cell: (row) => <StatusBadge status={row.status} />,
};
const others: Column<Subscription>[] = [
  { title: "Event types", cell: (row) => typesText(row.event_types) },
  { title: "Description", cell: (row) => row.description || "–" },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
];

export function typesText(types: string[]): string {
  return types.length === 0 ? "all" : types.join(", ");
}

export function Subscriptions() {
  const { tenant: _tenant, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const api = useApi();
  const query = useInfiniteQuery(subscriptionPages(api, filters));
  const seesDeliveries = useAllowed("deliveries:read");
  const health = useHealth(api, query.data?.pages ?? [], seesDeliveries);
  const lastDay: Column<Subscription> = {
    title: "Succeeded, last 24 h",
    cell: (row) => <Health known={health.of(row.id)} />,
  };
  const [opened, { open, close }] = useDisclosure();
  const named = useNamesTenant();
  const change = (next: SubscriptionFilters) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });
  const mayWrite = useAllowed("subscriptions:write");
  const create = mayWrite && (
    <Button onClick={open} disabled={!named}>
      {named ? "New subscription" : "Choose a tenant to create one"}
    </Button>
  );

  return (
    <>
      <PageHead title="Subscriptions">{create}</PageHead>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mb="md" role="search" aria-label="Filters">
        <MultiSelect
          label="Status"
          placeholder={filters.status === undefined ? "Any" : undefined}
          data={subscriptionStatuses}
          value={filters.status ?? []}
          onChange={(chosen) => change({ status: someOf(chosen, subscriptionStatuses) })}
          clearable
        />
        <FilterField
          label="Would receive event type"
          placeholder="Any"
          value={filters.event_type}
          onCommit={(event_type) => change({ event_type })}
        />
      </SimpleGrid>
      {health.error !== null && <ProblemAlert error={health.error} retry={health.retry} />}
      <List
        noun="subscriptions"
        query={query}
        columns={[url, status, ...(seesDeliveries ? [lastDay] : []), ...others]}
        rowKey={(row) => row.id}
        empty={
          <>
            <Text>No subscription fits.{mayWrite && " Create one: only its url is needed."}</Text>
            {create}
          </>
        }
      />
      <Modal opened={opened} onClose={close} title="New subscription" size="xl">
        <NewSubscription onClose={close} />
      </Modal>
    </>
  );
}
