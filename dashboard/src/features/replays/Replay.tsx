import { Card, Group, Skeleton, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { replayQuery, type Replay as Row } from "../../api/replays";
import { count } from "../../ui/figures";
import { Facts } from "../../ui/Facts";
import { ButtonLink, TextLink } from "../../ui/links";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { useApi } from "../../routes/tenant";
import { Acts } from "./Acts";
import { deliveriesOf } from "./deliveriesOf";
import { ReplayProgress } from "./Progress";

const route = getRouteApi("/shell/replays/$id");

/** One replay: how far it is, and what it is about. */
export function Replay() {
  const { id } = route.useParams();
  const replay = useQuery(replayQuery(useApi(), id));

  return (
    <>
      <PageHead title={`Replay ${id}`}>{replay.data && <Acts replay={replay.data} />}</PageHead>
      {replay.isError && <ProblemAlert error={replay.error} retry={() => void replay.refetch()} />}
      {replay.isPending && <Skeleton height={200} />}
      {replay.data && (
        <Stack>
          <Card withBorder>
            <Title order={2} mb="xs">
              Progress
            </Title>
            <ReplayProgress replay={replay.data} full />
            <Deliveries replay={replay.data} />
          </Card>
          <Told replay={replay.data} />
        </Stack>
      )}
    </>
  );
}

function Deliveries({ replay }: { replay: Row }) {
  const all = deliveriesOf(replay);
  return (
    <Group mt="md" gap="xs">
      <ButtonLink to="/deliveries" search={all} size="xs" variant="light">
        Its deliveries
      </ButtonLink>
      {replay.failed > 0 && (
        <ButtonLink
          to="/deliveries"
          search={{ ...all, status: ["failed"] }}
          size="xs"
          variant="light"
          color="red"
        >
          Those that failed
        </ButtonLink>
      )}
      <ButtonLink
        to="/replays/new"
        search={{
          from: replay.from,
          to: replay.to,
          statuses: replay.statuses,
          subscription_id: replay.subscription_id ?? undefined,
          event_type: replay.event_types.length === 0 ? undefined : replay.event_types,
          failure_reason: replay.failure_reasons.length === 0 ? undefined : replay.failure_reasons,
        }}
        size="xs"
        variant="default"
      >
        Replay this window again
      </ButtonLink>
    </Group>
  );
}

function Told({ replay }: { replay: Row }) {
  return (
    <Card withBorder aria-live="polite">
      <Facts
        facts={{
          Status: <StatusBadge status={replay.status} />,
          "Deliveries that are": replay.statuses.join(", "),
          From: <When at={replay.from} />,
          To: <When at={replay.to} />,
          Subscription:
            replay.subscription_id === null ? (
              "Every one"
            ) : (
              <TextLink to="/subscriptions/$id" params={{ id: replay.subscription_id }}>
                {replay.subscription_id}
              </TextLink>
            ),
          ...(replay.failure_reasons.length > 0 && { "Failure reasons": replay.failure_reasons.join(", ") }),
          "Event types": replay.event_types.length === 0 ? "Every one" : replay.event_types.join(", "),
          "Most per second": count(replay.rate_per_second),
          "Asked for": replay.automatic ? "By auto replay of the subscription" : "By hand",
          Created: <When at={replay.created_at} />,
          Completed: <When at={replay.completed_at} />,
        }}
      />
    </Card>
  );
}
