import { MultiSelect, SimpleGrid, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { replayPages, replayStatuses, type Replay, type ReplayFilters } from "../../api/replays";
import { ButtonLink, TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { ShortId } from "../../ui/ShortId";
import { StatusBadge } from "../../ui/StatusBadge";
import { SubscriptionPicker } from "../../ui/SubscriptionPicker";
import { When } from "../../ui/When";
import { someOf } from "../../lib/params";
import { useAllowed } from "../../routes/allowed";
import { tenantOf, useApi } from "../../routes/tenant";
import { Acts } from "./Acts";
import { ReplayProgress } from "./Progress";

const route = getRouteApi("/shell/replays");

const columns: Column<Replay>[] = [
  {
    title: "Replay",
    cell: (row) => (
      <TextLink to="/replays/$id" params={{ id: row.id }} search={tenantOf(row)} size="sm" ff="monospace">
        <ShortId id={row.id} />
      </TextLink>
    ),
  },
  { title: "Status", cell: (row) => <StatusBadge status={row.status} /> },
  { title: "Progress", cell: (row) => <ReplayProgress replay={row} /> },
  { title: "Of", cell: (row) => row.statuses.join(", ") },
  {
    title: "Window",
    cell: (row) => (
      <>
        <When at={row.from} /> to <When at={row.to} />
      </>
    ),
  },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
  { title: "Acts", cell: (row) => <Acts replay={row} /> },
];

export function Replays() {
  const { tenant: _tenant, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const allowed = useAllowed("deliveries:write");
  const query = useInfiniteQuery(replayPages(useApi(), filters));
  const change = (next: ReplayFilters) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <>
      <PageHead title="Replays">{allowed && <ButtonLink to="/replays/new">New replay</ButtonLink>}</PageHead>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mb="md" role="search" aria-label="Filters">
        <MultiSelect
          label="Status"
          placeholder={filters.status === undefined ? "Any" : undefined}
          data={replayStatuses}
          value={filters.status ?? []}
          onChange={(chosen) => change({ status: someOf(chosen, replayStatuses) })}
          clearable
        />
        <SubscriptionPicker
          value={filters.subscription_id}
          onChange={(subscription_id) => change({ subscription_id })}
        />
      </SimpleGrid>
      <List
        noun="replays"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={<Text>No replay fits. Start one to send the events of a time again.</Text>}
      />
    </>
  );
}
