import { Group, Progress, Text } from "@mantine/core";
import type { Stats } from "../../api/stats";
import { count } from "../../ui/figures";
import { TextLink } from "../../ui/links";
import type { TimeSearch } from "../../ui/time-range/range";
import { Panel } from "./Panel";
import classes from "./overview.module.css";

type Reason = keyof Stats["failure_reasons"];

/** What the names mean. */
const meanings: Record<Reason, string> = {
  timeout: "no answer in time",
  dns: "the name was not found",
  connect: "no connection",
  tls: "no secure connection",
  blocked_address: "an address that deliveries may not go to",
  http_status: "an answer outside 2xx",
  gone: "410: never again",
  protocol: "no valid HTTP",
  response_too_large: "an answer that is too large",
  subscription_disabled: "the subscription is disabled",
  expired: "too old to be sent",
};

interface Props {
  reasons: Stats["failure_reasons"] | undefined;
  pending: boolean;
  /** For links to lists. */
  time: TimeSearch & { subscription_id?: string };
}

/** The reasons of failed attempts, the most frequent first. */
export function Reasons({ reasons, pending, time }: Props) {
  const rows = (Object.entries(reasons ?? {}) as [Reason, number][]).sort(([, a], [, b]) => b - a);
  const most = rows[0]?.[1] ?? 0;
  return (
    <Panel title="Why attempts failed" pending={pending} room={330}>
      {reasons && most === 0 && <Text size="sm">No attempt failed.</Text>}
      <ul className={classes.rows} aria-label="Failed attempts by reason">
        {rows.map(([reason, attempts]) => (
          <li key={reason}>
            <Group justify="space-between" wrap="nowrap" align="flex-start">
              <Text size="sm" component="span">
                <TextLink to="/deliveries" search={{ failure_reason: [reason], ...time }} size="sm" fw={500}>
                  {reason}
                </TextLink>{" "}
                <Text component="span" size="xs" c="dimmed">
                  {meanings[reason]}
                </Text>
              </Text>
              <Text size="sm" component="span">
                {count(attempts)}
              </Text>
            </Group>
            <Progress value={(100 * attempts) / most} color="red" aria-hidden />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
