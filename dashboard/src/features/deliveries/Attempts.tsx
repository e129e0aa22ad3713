import { Skeleton, Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { attemptsQuery, type Delivery } from "../../api/deliveries";
import { envelope, eventQuery } from "../../api/events";
import { subscriptionQuery } from "../../api/subscriptions";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { useApi } from "../../routes/tenant";
import { AttemptCard } from "./AttemptCard";

/** A delivery's attempts in the order in which they were made. */
export function Attempts({ delivery }: { delivery: Delivery }) {
  const attempts = useQuery(attemptsQuery(useApi(), delivery.id, delivery.attempt_count));
  const body = useBody(delivery);

  if (attempts.isError) return <ProblemAlert error={attempts.error} retry={() => void attempts.refetch()} />;
  if (attempts.isPending) return <Skeleton height={160} />;
  const rows = attempts.data.data;
  if (rows.length === 0) return <Text>None yet.</Text>;
  return (
    <Timeline active={rows.length} bulletSize={20} mt="sm">
      {rows.map((attempt) => (
        <Timeline.Item key={attempt.id} color={attempt.failure_reason === null ? "green" : "red"}>
          <AttemptCard attempt={attempt} body={body} />
        </Timeline.Item>
      ))}
    </Timeline>
  );
}

/** The body that was sent, where it follows from the event: other formats and templates are made by the sender. */
function useBody({ event_id, subscription_id, batch_id }: Delivery): string | null {
  const api = useApi();
  const event = useQuery(eventQuery(api, event_id));
  const subscription = useQuery(subscriptionQuery(api, subscription_id));
  if (event.data === undefined || subscription.data === undefined || batch_id !== null) return null;
  const { format, template, kind } = subscription.data;
  return format === "standard" && template === null && kind === "webhook" ? envelope(event.data) : null;
}
