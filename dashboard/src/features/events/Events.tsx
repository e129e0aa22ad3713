import { Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { eventPages, type EventFilters, type EventHead } from "../../api/events";
import { FilterBar } from "../../ui/FilterBar";
import { FilterField } from "../../ui/FilterField";
import { ButtonLink, TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { tenantOf, useApi } from "../../routes/tenant";

const route = getRouteApi("/shell/events");

const columns: Column<EventHead>[] = [
  {
    title: "Event",
    cell: (row) => (
      <TextLink to="/events/$id" params={{ id: row.id }} search={tenantOf(row)} size="sm" ff="monospace">
        {row.id}
      </TextLink>
    ),
  },
  { title: "Type", cell: (row) => row.type },
  { title: "Deliveries", cell: (row) => row.deliveries },
  { title: "Correlation id", cell: (row) => row.correlation_id ?? "–" },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
];

export function Events() {
  const { tenant: _tenant, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(eventPages(useApi(), filters));
  const change = (next: EventFilters) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <>
      <PageHead title="Events" />
      <FilterBar time={filters} onTime={change}>
        <FilterField
          label="Type"
          placeholder="Any"
          value={filters.type}
          onCommit={(type) => change({ type })}
        />
        <FilterField
          label="Correlation id"
          placeholder="Any"
          value={filters.correlation_id}
          onCommit={(correlation_id) => change({ correlation_id })}
        />
      </FilterBar>
      <List
        noun="events"
        query={query}
        columns={columns}
        rowKey={(row) => `${row.tenant_id ?? ""} ${row.id}`}
        empty={
          <>
            <Text>No event fits. Widen the time or drop a filter; new events come by POST /events.</Text>
            <ButtonLink to="/subscriptions" variant="light">
              Send a test event to a subscription
            </ButtonLink>
          </>
        }
      />
    </>
  );
}
