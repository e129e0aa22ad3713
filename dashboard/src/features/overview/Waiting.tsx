import { Group, SimpleGrid, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { MOST_COUNTED, type Lane, type Lanes, type Queue } from "../../api/lanes";
import { count, ms } from "../../ui/figures";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { useNamesTenant } from "../../routes/namesTenant";
import { Panel } from "./Panel";
import { SubscriptionLink } from "./SubscriptionLink";
import classes from "./overview.module.css";

/** What waits: how full the queue is, for the operator, and the lanes, those that are not served first. */
export function Waiting({ query }: { query: UseQueryResult<Lanes> }) {
  // The queue is everybody's.
  const isOfOne = useNamesTenant();
  return (
    <Panel title="What waits" pending={query.isPending} room={330}>
      {query.isError && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
      {query.data && (
        <>
          {!isOfOne && <QueueFigures queue={query.data.queue} />}
          <Told lanes={query.data} at={query.dataUpdatedAt} />
        </>
      )}
    </Panel>
  );
}

function QueueFigures({ queue }: { queue: Queue | null }) {
  const facts = {
    "Due now": queue && count(queue.ready),
    "Due later": queue && count(queue.delayed),
    "In flight": queue && count(queue.in_flight),
    "Oldest due for": queue && ms(queue.oldest_ready_ms),
  };
  return (
    <div>
      <SimpleGrid component="dl" cols={{ base: 2, xs: 4 }} spacing="sm" m={0} aria-label="The queue">
        {Object.entries(facts).map(([name, value]) => (
          <div key={name}>
            <Text component="dt" size="xs" c="dimmed">
              {name}
            </Text>
            <Text component="dd" m={0} fw={600}>
              {value ?? "–"}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      <Text size="xs" c="dimmed">
        {queue === null
          ? "The queue cannot be reached: what waits is told from the database."
          : `In the queue: ${lanesText(queue.lanes)}, ${count(queue.open)} open, ${count(queue.paused)} paused. The oldest is of those that may be served.`}
      </Text>
    </div>
  );
}

function Told({ lanes, at }: { lanes: Lanes; at: number }) {
  if (lanes.data.length === 0) return <Text size="sm">Nothing waits.</Text>;
  const served = lanes.data.filter(({ state }) => state === "served").length;
  const stuck = lanes.data.length - served;
  return (
    <>
      <Text size="sm">
        {stuck === 0
          ? `${lanesText(served)} with something waiting, all served.`
          : `${lanesText(stuck)} behind, open or paused, ${count(served)} served.`}
        {!lanes.complete && " There are more than are told here."}
      </Text>
      <div className={classes.scrolls}>
        <ul className={classes.rows} aria-label="Lanes">
          {lanes.data.map((lane) => (
            <Row key={lane.subscription_id} lane={lane} at={at} />
          ))}
        </ul>
      </div>
    </>
  );
}

function lanesText(number: number): string {
  return `${count(number)} ${number === 1 ? "lane" : "lanes"}`;
}

function Row({ lane, at }: { lane: Lane; at: number }) {
  const { state, waiting, due_at, probe_at, consecutive_failures: failures } = lane;
  return (
    <li className={classes.row}>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <StatusBadge status={state} />
        <SubscriptionLink of={lane} url={lane.url} />
      </Group>
      <Text size="xs" c="dimmed">
        {count(waiting)} {waiting >= MOST_COUNTED && "or more "}
        {waiting === 1 ? "waits" : "wait"}
        {due_at !== null && (
          <>
            , {Date.parse(due_at) <= at ? "due since" : "next due"} <When at={due_at} />
          </>
        )}
        {state === "open" && probe_at !== null && (
          <>
            , next probe <When at={probe_at} />
          </>
        )}
        {failures > 0 && `, ${count(failures)} ${failures === 1 ? "failure" : "failures"} in a row`}
      </Text>
    </li>
  );
}
