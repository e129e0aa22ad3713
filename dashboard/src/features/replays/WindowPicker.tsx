import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { statsQuery } from "../../api/stats";
import { lengthText } from "../../lib/length";
import { count } from "../../ui/figures";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { TimeRange } from "../../ui/time-range/TimeRange";
import { When } from "../../ui/When";
import { useApi } from "../../routes/tenant";
import { brushed, following, shownOf, STANDARD, stretchOf, timeOf, turned } from "./draft";
import { around, covered, plotOf } from "./plot";
import type { ReplayDraft } from "./search";

const Histogram = lazy(() => import("./Histogram"));

interface Props {
  draft: ReplayDraft;
  /** The window that the draft comes to. */
  window: { from: string; to: string };
  now: Date;
  onChange: (change: ReplayDraft) => void;
}

/** Chooses the window of a replay by what happened then. */
export function WindowPicker({ draft, window, now, onChange }: Props) {
  const shown = shownOf(draft, now);
  const time = { from: new Date(shown.from).toISOString(), to: new Date(shown.to).toISOString() };
  const stats = useQuery(statsQuery(useApi(), time, STANDARD, draft.subscription_id));
  const stretch = stretchOf(window);
  const plot = stats.data && plotOf(stats.data.now);
  const isTurned = draft.shown_from !== undefined;

  return (
    <Stack gap="xs">
      <TimeRange
        value={timeOf(draft)}
        standard={STANDARD}
        onChange={(next) => onChange({ ...next, ...following })}
      />
      <Text size="sm">
        Drag over the attempts to choose the window, or move its two edges with the arrow keys.
      </Text>
      {stats.isError && <ProblemAlert error={stats.error} retry={() => void stats.refetch()} />}
      {stats.isPending && <Skeleton height={220} />}
      {plot && (
        <Suspense fallback={<Skeleton height={220} />}>
          <Histogram plot={plot} value={stretch} onChange={(next) => onChange(brushed(next, shown))} />
        </Suspense>
      )}
      <Group justify="space-between">
        <Text size="sm" aria-live="polite">
          From <When at={window.from} /> to <When at={window.to} />: {lengthText(stretch.to - stretch.from)}
          {plot && attemptsText(covered(plot, stretch))}
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={!isTurned} onClick={() => onChange(following)}>
            Show the window
          </Button>
          <Button size="xs" variant="default" onClick={() => onChange(turned(around(shown, now.getTime())))}>
            Show more around it
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}

function attemptsText({ bars, succeeded, failed }: ReturnType<typeof covered>): string {
  if (bars === 0) return "";
  const attempts = `${count(succeeded + failed)} ${succeeded + failed === 1 ? "attempt" : "attempts"}`;
  return `. Its ${bars === 1 ? "bar" : `${count(bars)} bars`}: ${attempts}, ${count(failed)} failed.`;
}
