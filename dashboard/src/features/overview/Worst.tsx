import { Group, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { OfSubscription, SubscriptionStats } from "../../api/stats";
import { count, successRate } from "../../ui/figures";
import { TextLink } from "../../ui/links";
import { ProblemAlert } from "../../ui/ProblemAlert";
import type { TimeSearch } from "../../ui/time-range/range";
import { tenantOf } from "../../routes/tenant";
import { Panel } from "./Panel";
import { Spark } from "./Spark";
import { SubscriptionLink } from "./SubscriptionLink";
import classes from "./overview.module.css";

interface Props {
  query: UseQueryResult<SubscriptionStats>;
  /** For links to lists. */
  time: TimeSearch;
}

/** The subscriptions with most failed attempts. */
export function Worst({ query, time }: Props) {
  const failing = query.data?.data.filter(({ failed }) => failed > 0) ?? [];
  return (
    <Panel title="Worst subscriptions" pending={query.isPending} room={330}>
      {query.isError && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
      {query.data && failing.length === 0 && <Text size="sm">No subscription had a failed attempt.</Text>}
      {failing.length > 0 && (
        <ul className={classes.rows} aria-label="Worst subscriptions">
          {failing.map((row) => (
            <Row key={row.subscription_id} row={row} time={time} />
          ))}
        </ul>
      )}
      {query.data?.complete === false && (
        <Text size="xs" c="dimmed">
          There are too many to look at all of them: choose a shorter time or a tenant.
        </Text>
      )}
    </Panel>
  );
}

function Row({ row, time }: { row: OfSubscription; time: TimeSearch }) {
  const { subscription_id } = row;
  return (
    <li className={classes.row}>
      <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
        <Stack gap={2} miw={0} flex={1}>
          <SubscriptionLink of={row} url={row.url} />
          <Text size="xs" c="dimmed">
            {count(row.failed)} of {count(row.attempts)} attempts failed, {count(row.dead_letters)}{" "}
            {row.dead_letters === 1 ? "dead letter" : "dead letters"} ·{" "}
            <TextLink
              to="/deliveries"
              search={{ subscription_id, status: ["retrying", "failed"], ...time, ...tenantOf(row) }}
              size="xs"
            >
              Failed deliveries
            </TextLink>
          </Text>
        </Stack>
        <Stack gap={0} align="flex-end">
          <Text size="sm" fw={600} style={{ whiteSpace: "nowrap" }}>
            {successRate(row)}
          </Text>
          <Spark buckets={row.buckets} />
        </Stack>
      </Group>
    </li>
  );
}
