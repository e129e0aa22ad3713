import { Card, Skeleton, Stack, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { deliveryPages } from "../../api/deliveries";
import { eventQuery, type EventHead } from "../../api/events";
import { Facts } from "../../ui/Facts";
import { List } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { When } from "../../ui/When";
import { useApi } from "../../routes/tenant";
import { deliveryColumns } from "../deliveries/columns";
import { Explain } from "./Explain";
import { Payload } from "./Payload";

const route = getRouteApi("/shell/events/$id");

export function Event() {
  const { id } = route.useParams();
  const event = useQuery(eventQuery(useApi(), id));

  return (
    <>
      <PageHead title={`Event ${id}`} />
      {event.isError && <ProblemAlert error={event.error} retry={() => void event.refetch()} />}
      {event.isPending && <Skeleton height={200} />}
      {event.data && (
        <Stack>
          <Told head={event.data.head} />
          <Payload event={event.data} />
          <Explain id={id} />
          <Deliveries id={id} />
        </Stack>
      )}
    </>
  );
}

function Told({ head }: { head: EventHead }) {
  return (
    <Card withBorder>
      <Facts
        facts={{
          Type: head.type,
          Version: head.version,
          Timestamp: <When at={head.timestamp} />,
          Received: <When at={head.created_at} />,
          "Correlation id": head.correlation_id,
          ...(head.deliver_at !== null && { "Deliver at": <When at={head.deliver_at} /> }),
        }}
      />
    </Card>
  );
}

function Deliveries({ id }: { id: string }) {
  const query = useInfiniteQuery(deliveryPages(useApi(), { event_id: id }));
  return (
    <Card withBorder>
      <Title order={2} mb="xs">
        Deliveries
      </Title>
      <List
        noun="deliveries"
        query={query}
        columns={deliveryColumns}
        rowKey={(row) => row.id}
        empty="It went to no subscription; the table above says why."
      />
    </Card>
  );
}
