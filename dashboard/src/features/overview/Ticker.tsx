import { Group, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Delivery } from "../../api/deliveries";
import { TextLink } from "../../ui/links";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { tenantOf } from "../../routes/tenant";
import { reasonOf } from "../deliveries/columns";
import type { Failing } from "./failing";
import { Panel } from "./Panel";
import { SubscriptionLink } from "./SubscriptionLink";
import classes from "./overview.module.css";

const SHOWN = 5;

interface Props {
  query: UseQueryResult<Failing[]>;
  /** What urls are known of subscriptions: deliveries tell ids only. */
  urls: ReadonlyMap<string, string>;
}

/** The deliveries that failed last, as they fail. */
export function Ticker({ query, urls }: Props) {
  const rows = query.data?.slice(0, SHOWN) ?? [];
  return (
    <Panel
      title="Failed last"
      pending={query.isPending}
      room={370}
      row={62}
      aside={
        <TextLink to="/deliveries" search={{ status: ["retrying", "failed"] }} size="sm">
          All of them
        </TextLink>
      }
    >
      {query.isError && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
      {query.data && rows.length === 0 && <Text size="sm">None of the newest deliveries has failed.</Text>}
      {rows.length > 0 && (
        <ul className={classes.rows} aria-label="Deliveries that failed last">
          {rows.map(({ delivery }) => (
            <Row key={delivery.id} delivery={delivery} url={urls.get(delivery.subscription_id)} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ delivery, url }: { delivery: Delivery; url: string | undefined }) {
  const { status, completed_at, next_attempt_at } = delivery;
  return (
    <li>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <StatusBadge status={status} />
        <TextLink
          to="/deliveries/$id"
          params={{ id: delivery.id }}
          search={tenantOf(delivery)}
          size="sm"
          fw={500}
          style={{ overflowWrap: "anywhere" }}
        >
          {delivery.event_type}
        </TextLink>
        <Text size="sm">{reasonOf(delivery)}</Text>
      </Group>
      <SubscriptionLink of={delivery} url={url} lines={1} />
      <Text size="xs" c="dimmed">
        {status === "failed" && (
          <>
            failed for good <When at={completed_at} />
          </>
        )}
        {status === "retrying" && (
          <>
            attempt {delivery.attempt_count} of {delivery.max_attempts}, again <When at={next_attempt_at} />
          </>
        )}
      </Text>
    </li>
  );
}
