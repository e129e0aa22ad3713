import { Card, Skeleton, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { explanationQuery, type Explained } from "../../api/events";
import { TextLink } from "../../ui/links";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { ShortId } from "../../ui/ShortId";
import { StatusBadge } from "../../ui/StatusBadge";
import { useApi } from "../../routes/tenant";

const reasons: Record<NonNullable<Explained["reason"]>, string> = {
  event_type: "Its event types do not include this one.",
  filter: "Its filter does not match.",
  paused: "It was paused.",
  disabled: "It was disabled.",
  created_later: "It was created after the event.",
  deleted: "It is deleted.",
  rate_limited: "Its rate limit makes it wait.",
  circuit_open: "Its receiver kept failing: only probes go out for now.",
  behind_ordered_head: "It is ordered, and an earlier delivery is not finished.",
};

/** Why the event went to each subscription, or did not. */
export function Explain({ id }: { id: string }) {
  const explanation = useQuery(explanationQuery(useApi(), id));
  return (
    <Card withBorder>
      <Title order={2} mb="xs">
        Why it went where
      </Title>
      {explanation.isError && (
        <ProblemAlert error={explanation.error} retry={() => void explanation.refetch()} />
      )}
      {explanation.isPending && <Skeleton height={80} />}
      {explanation.data?.data.length === 0 && <Text>There was no subscription it could have gone to.</Text>}
      {explanation.data && explanation.data.data.length > 0 && <Rows rows={explanation.data.data} />}
    </Card>
  );
}

function Rows({ rows }: { rows: Explained[] }) {
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table aria-label="Subscriptions and what the event came to there">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Subscription</Table.Th>
            <Table.Th>Outcome</Table.Th>
            <Table.Th>Reason</Table.Th>
            <Table.Th>Delivery</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.subscription_id}>
              <Table.Td>
                <TextLink
                  to="/subscriptions/$id"
                  params={{ id: row.subscription_id }}
                  size="sm"
                  ff="monospace"
                >
                  <ShortId id={row.subscription_id} />
                </TextLink>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={row.outcome} />
              </Table.Td>
              <Table.Td>{reasonText(row)}</Table.Td>
              <Table.Td>
                {row.delivery_id === undefined ? (
                  "–"
                ) : (
                  <TextLink to="/deliveries/$id" params={{ id: row.delivery_id }} size="sm" ff="monospace">
                    <ShortId id={row.delivery_id} />
                  </TextLink>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

export function reasonText({ reason, filter_error, state }: Explained): string {
  if (reason === null) return "–";
  const details = {
    filter: [state?.filter && `It was: ${state.filter}`, filter_error].filter(Boolean).join(" — "),
    event_type: state ? `They were: ${state.event_types.join(", ")}` : "",
  };
  const detail = reason === "filter" || reason === "event_type" ? details[reason] : "";
  return detail === "" ? reasons[reason] : `${reasons[reason]} ${detail}`;
}
