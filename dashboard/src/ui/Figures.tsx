import { Paper, SimpleGrid, Text } from "@mantine/core";
import type { Schemas } from "../api/client";
import { against, count, ms, successRate } from "./figures";

type Totals = Schemas["Totals"];

/** The totals of a time, each against those of the time before. */
export function Figures({ now, before }: { now: Totals; before: Totals }) {
  const cards = [
    { name: "Attempts that succeeded", value: successRate(now), note: `${successRate(before)} before` },
    { name: "Attempts", value: count(now.attempts), note: against(now.attempts, before.attempts) },
    { name: "Failed attempts", value: count(now.failed), note: against(now.failed, before.failed) },
    { name: "Events", value: count(now.events), note: against(now.events, before.events) },
    { name: "Deliveries", value: count(now.deliveries), note: against(now.deliveries, before.deliveries) },
    {
      name: "Dead letters",
      value: count(now.dead_letters),
      note: against(now.dead_letters, before.dead_letters),
    },
    { name: "p50", value: ms(now.p50_ms), note: against(now.p50_ms, before.p50_ms) },
    { name: "p95", value: ms(now.p95_ms), note: against(now.p95_ms, before.p95_ms) },
    { name: "p99", value: ms(now.p99_ms), note: against(now.p99_ms, before.p99_ms) },
  ];
  return (
    <SimpleGrid component="dl" m={0} cols={{ base: 2, sm: 3 }} spacing="sm">
      {cards.map(({ name, value, note }) => (
        <Paper key={name} withBorder p="sm">
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <Text component="dd" m={0} fz="xl" fw={600}>
            {value}
          </Text>
          <Text component="dd" m={0} size="xs" c="dimmed">
            {note}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}
