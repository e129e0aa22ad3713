import { Card, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { statsQuery, type Stats } from "../../api/stats";
import { Figures } from "../../ui/Figures";
import { ButtonLink } from "../../ui/links";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { TimeRange } from "../../ui/time-range/TimeRange";
import { useAllowed } from "../../routes/allowed";
import { useApi } from "../../routes/tenant";
import { Reasons } from "./Reasons";

const Charts = lazy(() => import("./Charts"));
const route = getRouteApi("/shell/");
const STANDARD = "24h";

/** Whether customers are getting their webhooks. */
export function Overview() {
  const { tenant: _tenant, ...time } = route.useSearch();
  const navigate = route.useNavigate();
  const stats = useQuery(statsQuery(useApi(), time, STANDARD));

  return (
    <>
      <PageHead title="Overview">
        <TimeRange
          value={time}
          standard={STANDARD}
          onChange={(next) => void navigate({ search: (now) => ({ ...now, ...next }), replace: true })}
        />
      </PageHead>
      {stats.isError && <ProblemAlert error={stats.error} retry={() => void stats.refetch()} />}
      {stats.isPending && <Skeleton height={400} />}
      {stats.data && <Told now={stats.data.now} before={stats.data.before} />}
    </>
  );
}

function Told({ now, before }: { now: Stats; before: Stats }) {
  const adds = useAllowed("subscriptions:write");
  return (
    <Stack>
      {now.totals.events === 0 && now.totals.attempts === 0 && (
        <Card withBorder>
          <Text mb="xs">
            Nothing was sent in this time.{adds && " Add a subscription, then post an event."}
          </Text>
          <ButtonLink to="/subscriptions" variant="light" w="fit-content">
            See the subscriptions
          </ButtonLink>
        </Card>
      )}
      <Figures now={now.totals} before={before.totals} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Suspense fallback={<Skeleton height={300} />}>
          <Charts stats={now} />
        </Suspense>
        <Card withBorder>
          <Title order={2} mb="xs">
            Why attempts failed
          </Title>
          <Reasons reasons={now.failure_reasons} />
        </Card>
      </SimpleGrid>
    </Stack>
  );
}
