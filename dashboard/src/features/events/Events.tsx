import { Box, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { DeliveryFilters } from "../../api/deliveries";
import { eventPages, type EventFilters } from "../../api/events";
import { FilterBar } from "../../ui/FilterBar";
import { FilterField } from "../../ui/FilterField";
import { ButtonLink } from "../../ui/links";
import { List } from "../../ui/list/List";
import { LiveSwitch } from "../../ui/live/LiveSwitch";
import { PageHead } from "../../ui/PageHead";
import { useApi } from "../../routes/tenant";
import { eventColumns, eventKey } from "./columns";
import { FindById } from "./FindById";
import { LiveEvents } from "./LiveEvents";
import type { EventsSearch } from "./search";

const route = getRouteApi("/shell/events");

export function Events() {
  const { tenant, live, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const hindered = hindrance(filters);
  const isLive = live === "true" && hindered === undefined;
  const change = (next: EventsSearch) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <>
      <PageHead title="Events">
        <LiveSwitch on={isLive} hindered={hindered} onChange={(next) => change({ live: next })} />
        <ButtonLink to="/deliveries" search={asDeliveries(filters)} size="xs" variant="default">
          By subscription or status
        </ButtonLink>
      </PageHead>
      <Box mb="sm" maw={420}>
        <FindById />
      </Box>
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
        <FilterField
          label="Text in data or metadata"
          placeholder="2 characters or more"
          value={filters.text}
          onCommit={(text) => change({ text })}
        />
      </FilterBar>
      {isLive ? (
        <LiveEvents key={JSON.stringify([tenant, filters])} filters={filters} empty={<Empty />} />
      ) : (
        <Pages filters={filters} />
      )}
    </>
  );
}

/** Why these events cannot be followed. */
function hindrance({ to, text }: EventFilters): string | undefined {
  if (to !== undefined) return "not with an end of the time";
  return text === undefined ? undefined : "not while a text is searched";
}

function Pages({ filters }: { filters: EventFilters }) {
  const query = useInfiniteQuery(eventPages(useApi(), filters));
  return <List noun="events" query={query} columns={eventColumns} rowKey={eventKey} empty={<Empty />} />;
}

function Empty() {
  return (
    <>
      <Text>No event fits. Widen the time or drop a filter; new events come by POST /events.</Text>
      <ButtonLink to="/subscriptions" variant="light">
        Send a test event to a subscription
      </ButtonLink>
    </>
  );
}

/** The same events by what became of them, as far as lists of deliveries are narrowed alike. */
function asDeliveries({ type, range, from, to }: EventFilters): DeliveryFilters {
  return { event_type: type, range, from, to };
}
