import { Paper, SimpleGrid, Skeleton, Text } from "@mantine/core";
import type { Compared } from "../../api/stats";
import { TextLink } from "../../ui/links";
import type { TimeSearch } from "../../ui/time-range/range";
import { figures } from "./told";

interface Props {
  of: Compared | undefined;
  /** For links to lists. */
  time: TimeSearch & { subscription_id?: string };
}

/** The figures of a time. Until they come they have their places, so that nothing moves then. */
export function Totals({ of, time }: Props) {
  const pending = of === undefined;
  return (
    <div aria-busy={pending}>
      <SimpleGrid component="dl" m={0} cols={{ base: 2, md: 5 }} spacing="sm" aria-label="Figures">
        {figures(of).map(({ name, value, note }) => (
          <Paper key={name} withBorder p="sm">
            <Text component="dt" size="xs" c="dimmed">
              {name}
            </Text>
            <Text component="dd" m={0} fz="xl" fw={600} style={{ overflowWrap: "anywhere" }}>
              <Skeleton visible={pending}>
                {name === "Dead letters" && !pending ? (
                  <TextLink to="/dead-letters" search={time} inherit>
                    {value}
                  </TextLink>
                ) : (
                  value
                )}
              </Skeleton>
            </Text>
            <Text component="dd" m={0} size="xs" c="dimmed" mih="2lh">
              <Skeleton visible={pending}>{note}</Skeleton>
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
      <Text size="xs" c="dimmed" mt={4}>
        Attempts count when they start, deliveries and events when they are made, dead letters when they die.
        Latency is how long an attempt took. One attempt per delivery means that none was tried again.
      </Text>
    </div>
  );
}
