import { Card, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import {
  cancelDelivery,
  deliveryQuery,
  isFinal,
  redeliver,
  type Delivery as Row,
} from "../../api/deliveries";
import { ActionButton } from "../../ui/ActionButton";
import { Facts } from "../../ui/Facts";
import { TextLink } from "../../ui/links";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { useAllowed } from "../../routes/allowed";
import { useApi } from "../../routes/tenant";
import { Attempts } from "./Attempts";
import { reasonOf } from "./columns";

const route = getRouteApi("/shell/deliveries/$id");

export function Delivery() {
  const { id } = route.useParams();
  const delivery = useQuery(deliveryQuery(useApi(), id));

  return (
    <>
      <PageHead title={`Delivery ${id}`}>{delivery.data && <Acts delivery={delivery.data} />}</PageHead>
      {delivery.isError && <ProblemAlert error={delivery.error} retry={() => void delivery.refetch()} />}
      {delivery.isPending && <Skeleton height={200} />}
      {delivery.data && (
        <Stack>
          <Told delivery={delivery.data} />
          <Card withBorder>
            <Title order={2} mb="xs">
              Attempts
            </Title>
            <Attempts delivery={delivery.data} />
          </Card>
        </Stack>
      )}
    </>
  );
}

function Acts({ delivery }: { delivery: Row }) {
  const api = useApi();
  const navigate = route.useNavigate();
  if (!useAllowed("deliveries:write")) return null;
  if (!isFinal(delivery.status)) {
    return (
      <ActionButton
        label="Cancel"
        color="red"
        confirm="No further attempt is made. The delivery can be redelivered later."
        run={() => cancelDelivery(api, delivery.id)}
        done="The delivery is cancelled."
      />
    );
  }
  return (
    <ActionButton
      label="Redeliver"
      confirm="A new delivery of the event is made, to the subscription as it is now."
      run={() => redeliver(api, delivery.id)}
      done="A new delivery is under way: this is its page."
      onDone={(made) => navigate({ to: "/deliveries/$id", params: { id: made.id } })}
    />
  );
}

function Told({ delivery }: { delivery: Row }) {
  return (
    <Card withBorder aria-live="polite">
      <Facts
        facts={{
          Status: <StatusBadge status={delivery.status} />,
          Reason: reasonOf(delivery) || "–",
          "Last error": delivery.last_error,
          Event: (
            <TextLink to="/events/$id" params={{ id: delivery.event_id }}>
              {delivery.event_id}
            </TextLink>
          ),
          "Event type": delivery.event_type,
          Subscription: (
            <TextLink to="/subscriptions/$id" params={{ id: delivery.subscription_id }}>
              {delivery.subscription_id}
            </TextLink>
          ),
          Attempts: `${delivery.attempt_count} of ${delivery.max_attempts}`,
          "Next attempt": <When at={delivery.next_attempt_at} />,
          Trigger: delivery.trigger,
          Created: <When at={delivery.created_at} />,
          Completed: <When at={delivery.completed_at} />,
          ...(delivery.replay_id !== null && {
            Replay: (
              <TextLink to="/replays/$id" params={{ id: delivery.replay_id }}>
                {delivery.replay_id}
              </TextLink>
            ),
          }),
          ...(delivery.batch_id !== null && { Batch: <Text span>{delivery.batch_id}</Text> }),
        }}
      />
    </Card>
  );
}
