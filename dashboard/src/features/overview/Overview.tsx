import { SimpleGrid, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { lanesQuery } from "../../api/lanes";
import { statsQuery, worstSubscriptionsQuery } from "../../api/stats";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { TimeRange } from "../../ui/time-range/TimeRange";
import { useApi } from "../../routes/tenant";
import { asSearch } from "./asSearch";
import { Attempts, Durations, loadCharts } from "./ChartPanels";
import { failingQuery } from "./failing";
import { LiveBadge } from "./LiveBadge";
import { Reasons } from "./Reasons";
import { Ticker } from "./Ticker";
import { TimeTable } from "./TimeTable";
import { Totals } from "./Totals";
import { useLiveFigures } from "./useLiveFigures";
import { Waiting } from "./Waiting";
import { Worst } from "./Worst";

const route = getRouteApi("/shell/");
const STANDARD = "24h";
const MOST_WORST = 5;

/** Whether customers are getting their webhooks. */
export function Overview() {
  const { tenant: _tenant, ...time } = route.useSearch();
  const navigate = route.useNavigate();
  const api = useApi();
  const live = useLiveFigures(api, time);
  // All are asked for at once, and so is what draws the charts.
  const stats = useQuery(statsQuery(api, time, STANDARD));
  const worst = useQuery(worstSubscriptionsQuery(api, time, STANDARD, MOST_WORST));
  const lanes = useQuery(lanesQuery(api));
  const failing = useQuery(failingQuery(api, live.name === "open"));
  useEffect(() => void loadCharts(), []);

  const listed = asSearch(time, STANDARD);
  const known = [...(worst.data?.data ?? []), ...(lanes.data?.data ?? [])];
  const urls = new Map(known.map(({ subscription_id, url }) => [subscription_id, url]));
  return (
    <>
      <PageHead title="Overview">
        <LiveBadge state={live} />
        <TimeRange
          value={time}
          standard={STANDARD}
          onChange={(next) => void navigate({ search: (now) => ({ ...now, ...next }), replace: true })}
        />
      </PageHead>
      <Stack>
        {stats.isError && <ProblemAlert error={stats.error} retry={() => void stats.refetch()} />}
        <Totals of={stats.data} time={listed} />
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          <Attempts stats={stats.data?.now} pending={stats.isPending} />
          <Durations stats={stats.data?.now} pending={stats.isPending} />
          <Worst query={worst} time={listed} />
          <Waiting query={lanes} />
          <Reasons reasons={stats.data?.now.failure_reasons} pending={stats.isPending} time={listed} />
          <Ticker query={failing} urls={urls} />
        </SimpleGrid>
        <TimeTable stats={stats.data?.now} />
      </Stack>
    </>
  );
}
