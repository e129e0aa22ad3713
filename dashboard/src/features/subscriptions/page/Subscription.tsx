import { Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { storedSubscriptionQuery, type StoredSubscription } from "../../../api/subscriptions";
import { PageHead } from "../../../ui/PageHead";
import { ProblemAlert } from "../../../ui/ProblemAlert";
import { useAllowed } from "../../../routes/allowed";
import { useApi } from "../../../routes/tenant";
import { Acts } from "./Acts";
import { FiguresOfOne } from "./FiguresOfOne";
import { Resting } from "./Resting";
import { SubscriptionFacts } from "./SubscriptionFacts";
import { TestCard } from "./TestCard";
import { Verification } from "./Verification";

const route = getRouteApi("/shell/subscriptions/$id");

export function Subscription() {
  const { id } = route.useParams();
  const stored = useQuery(storedSubscriptionQuery(useApi(), id));
  const mayWrite = useAllowed("subscriptions:write");

  return (
    <>
      <PageHead title={`Subscription ${id}`}>
        {stored.data && mayWrite && <Acts subscription={stored.data.subscription} />}
      </PageHead>
      {stored.isError && <ProblemAlert error={stored.error} retry={() => void stored.refetch()} />}
      {stored.isPending && <Skeleton height={200} />}
      {stored.data && <Told stored={stored.data} />}
    </>
  );
}

function Told({ stored }: { stored: StoredSubscription }) {
  const mayWrite = useAllowed("subscriptions:write");
  const seesDeliveries = useAllowed("deliveries:read");
  const { subscription } = stored;
  const { id, signing } = subscription;
  return (
    <Stack>
      {/* In one, so that nothing stands between them when there is nothing to tell. */}
      <div aria-live="polite">
        <Resting subscription={subscription} />
        <SubscriptionFacts stored={stored} />
      </div>
      {seesDeliveries && <FiguresOfOne id={id} />}
      {mayWrite && <TestCard id={id} />}
      {/* What was shown of a secret is no other's, and not that of another algorithm. */}
      <Verification key={`${id} ${signing.algorithm}`} subscription={subscription} />
    </Stack>
  );
}
