import { Skeleton, Text } from "@mantine/core";
import { lazy, memo, Suspense, useDeferredValue } from "react";
import type { Stats } from "../../api/stats";
import { ButtonLink } from "../../ui/links";
import { useAllowed } from "../../routes/allowed";
import { Panel } from "./Panel";

/** What draws them, to be loaded before there is anything to draw. */
export const loadCharts = () => import("./Charts");
const Charts = lazy(loadCharts);
const HEIGHT = 240;

interface Props {
  stats: Stats | undefined;
  pending: boolean;
}

export function Attempts({ stats, pending }: Props) {
  const isNothing = stats?.totals.events === 0 && stats.totals.attempts === 0;
  return (
    <Panel title="Attempts" pending={pending} room={HEIGHT} row={HEIGHT}>
      {isNothing && <Nothing />}
      {stats && !isNothing && <Drawn of="attempts" stats={stats} />}
    </Panel>
  );
}

export function Durations({ stats, pending }: Props) {
  return (
    <Panel title="How long attempts took" pending={pending} room={HEIGHT} row={HEIGHT}>
      {stats?.totals.attempts === 0 && <Text size="sm">None was made in this time.</Text>}
      {stats && stats.totals.attempts > 0 && <Drawn of="durations" stats={stats} />}
    </Panel>
  );
}

interface Drawing {
  of: "attempts" | "durations";
  stats: Stats;
}

/** Drawing takes longer than all else on the screen: figures and what is clicked go before it. */
function Drawn({ of, stats }: Drawing) {
  const drawn = useDeferredValue<Stats | undefined>(stats, undefined);
  return drawn === undefined ? <Skeleton height={HEIGHT} /> : <Chart of={of} stats={drawn} />;
}

/** Drawn anew with other figures only, not with whatever else changes on the screen. */
const Chart = memo(function Chart({ of, stats }: Drawing) {
  return (
    <Suspense fallback={<Skeleton height={HEIGHT} />}>
      <Charts of={of} stats={stats} height={HEIGHT} />
    </Suspense>
  );
});

function Nothing() {
  const adds = useAllowed("subscriptions:write");
  const sees = useAllowed("subscriptions:read");
  return (
    <>
      <Text size="sm">
        Nothing was sent in this time.{adds && " Add a subscription, then post an event."}
      </Text>
      {sees && (
        <ButtonLink to="/subscriptions" variant="light" w="fit-content">
          See the subscriptions
        </ButtonLink>
      )}
    </>
  );
}
