import { Button, Card, Code, Modal, Skeleton, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import {
  changeSubscription,
  deleteSubscription,
  subscriptionQuery,
  type Subscription as Row,
} from "../../api/subscriptions";
import { ActionButton } from "../../ui/ActionButton";
import { Facts } from "../../ui/Facts";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { useAllowed } from "../../routes/allowed";
import { useApi } from "../../routes/tenant";
import { EditSubscription } from "./EditSubscription";
import { SecretCard } from "./SecretCard";
import { StatsCard } from "./StatsCard";
import { TestCard } from "./TestCard";

const route = getRouteApi("/shell/subscriptions/$id");

export function Subscription() {
  const { id } = route.useParams();
  const subscription = useQuery(subscriptionQuery(useApi(), id));
  const mayWrite = useAllowed("subscriptions:write");

  return (
    <>
      <PageHead title={`Subscription ${id}`}>
        {subscription.data && mayWrite && <Acts subscription={subscription.data} />}
      </PageHead>
      {subscription.isError && (
        <ProblemAlert error={subscription.error} retry={() => void subscription.refetch()} />
      )}
      {subscription.isPending && <Skeleton height={200} />}
      {subscription.data && (
        <Stack>
          <Told subscription={subscription.data} />
          <StatsCard id={subscription.data.id} />
          {mayWrite && (
            <>
              <TestCard id={id} />
              <SecretCard key={id} id={id} />
            </>
          )}
        </Stack>
      )}
    </>
  );
}

function Acts({ subscription }: { subscription: Row }) {
  const api = useApi();
  const navigate = route.useNavigate();
  const [editing, { open, close }] = useDisclosure();
  const { id, status } = subscription;
  return (
    <>
      {status === "active" ? (
        <ActionButton
          label="Pause"
          confirm="Deliveries are still made, and wait until it is resumed."
          run={() => changeSubscription(api, id, { status: "paused" })}
          done="It is paused."
        />
      ) : (
        <ActionButton
          label={status === "paused" ? "Resume" : "Enable"}
          run={() => changeSubscription(api, id, { status: "active" })}
          done="It is active."
        />
      )}
      <Button size="xs" variant="default" onClick={open}>
        Edit
      </Button>
      <ActionButton
        label="Delete"
        color="red"
        confirm="It is gone at once, and what still waits for it is cancelled."
        run={() => deleteSubscription(api, id)}
        done="It is deleted."
        onDone={() => navigate({ to: "/subscriptions" })}
      />
      <Modal opened={editing} onClose={close} title="Edit subscription" size="xl">
        <EditSubscription id={id} onClose={close} />
      </Modal>
    </>
  );
}

function Told({ subscription: it }: { subscription: Row }) {
  const headers = Object.entries(it.headers).map(([name, value]) => `${name}: ${value}`);
  return (
    <Card withBorder aria-live="polite">
      <Facts
        facts={{
          Url: it.url,
          Status: <StatusBadge status={it.status} />,
          ...(it.disabled_reason !== null && { "Disabled because": disabled[it.disabled_reason] }),
          Description: it.description || "–",
          "Event types": it.event_types.length === 0 ? "all" : it.event_types.join(", "),
          Filter: it.filter === null ? "none" : <Code>{it.filter}</Code>,
          "External id": it.external_id,
          Kind: it.kind,
          Format: it.format,
          Delivery: it.delivery.mode,
          Ordered: it.ordered ? "yes" : "no",
          Timeout: `${it.timeout_ms} ms`,
          "Most in flight": it.max_in_flight,
          "Rate limit": it.rate_limit === null ? "none" : `${it.rate_limit.per_second} per second`,
          "Retries after, s": it.retry.schedule_s.join(", "),
          Signing: `${it.signing.algorithm} (${it.signing.schemes.join(", ")})`,
          Headers: headers.length === 0 ? "none" : headers.join("; "),
          Created: <When at={it.created_at} />,
          Updated: <When at={it.updated_at} />,
        }}
      />
    </Card>
  );
}

const disabled = {
  requested: "It was asked for.",
  gone: "The receiver answered 410: it wants no more.",
  failing: "Nothing succeeded there for five days.",
};
