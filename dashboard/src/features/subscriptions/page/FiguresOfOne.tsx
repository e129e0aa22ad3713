import { Group, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, memo, Suspense, useDeferredValue, useId } from "react";
import { statsQuery, type Stats } from "../../../api/stats";
import { TextLink } from "../../../ui/links";
import { ProblemAlert } from "../../../ui/ProblemAlert";
import { TimeRange } from "../../../ui/time-range/TimeRange";
import { useApi } from "../../../routes/tenant";
import { asSearch } from "../../overview/asSearch";
import { loadCharts } from "../../overview/ChartPanels";
import { Panel } from "../../overview/Panel";
import { Reasons } from "../../overview/Reasons";
import { TimeTable } from "../../overview/TimeTable";
import { Totals } from "../../overview/Totals";

const Charts = lazy(loadCharts);
const route = getRouteApi("/shell/subscriptions/$id");
const STANDARD = "24h";
const HEIGHT = 200;

/** How one subscription fared in a time, which stands in the address. */
export function FiguresOfOne({ id }: { id: string }) {
  const { range, from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const heading = useId();
  const time = { range, from, to };
  const stats = useQuery(statsQuery(useApi(), time, STANDARD, id));
  const listed = { subscription_id: id, ...asSearch(time, STANDARD) };
  const now = stats.data?.now;

  return (
    <Stack component="section" aria-labelledby={heading}>
      <Group justify="space-between" align="end">
        <div>
          <Title order={2} id={heading}>
            How it fares
          </Title>
          <TextLink to="/deliveries" search={listed} size="sm">
            Its deliveries
          </TextLink>
        </div>
        <TimeRange
          value={time}
          standard={STANDARD}
          onChange={(next) => void navigate({ search: (now) => ({ ...now, ...next }), replace: true })}
        />
      </Group>
      {stats.isError && <ProblemAlert error={stats.error} retry={() => void stats.refetch()} />}
      <Totals of={stats.data} time={listed} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Stack>
          <Chart title="Attempts" of="attempts" stats={now} pending={stats.isPending} />
          <Chart title="How long attempts took" of="durations" stats={now} pending={stats.isPending} />
        </Stack>
        <Reasons reasons={now?.failure_reasons} pending={stats.isPending} time={listed} />
      </SimpleGrid>
      <TimeTable stats={now} />
    </Stack>
  );
}

interface ChartProps {
  title: string;
  of: "attempts" | "durations";
  stats: Stats | undefined;
  pending: boolean;
}

/** Drawn behind the figures, and anew with other ones only. */
const Chart = memo(function Chart({ title, of, stats, pending }: ChartProps) {
  const drawn = useDeferredValue<Stats | undefined>(stats, undefined);
  return (
    <Panel title={title} pending={pending} room={HEIGHT} row={HEIGHT}>
      {stats?.totals.attempts === 0 && <Text size="sm">None was made in this time.</Text>}
      {stats && stats.totals.attempts > 0 && (
        <Suspense fallback={<Skeleton height={HEIGHT} />}>
          {drawn ? <Charts of={of} stats={drawn} height={HEIGHT} /> : <Skeleton height={HEIGHT} />}
        </Suspense>
      )}
    </Panel>
  );
});
