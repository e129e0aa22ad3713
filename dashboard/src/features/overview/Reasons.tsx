import { Group, Progress, Stack, Text } from "@mantine/core";
import type { Stats } from "../../api/stats";
import { count } from "../../ui/figures";
import { TextLink } from "../../ui/links";

/** The reasons of failed attempts, the most frequent first. */
export function Reasons({ reasons }: { reasons: Stats["failure_reasons"] }) {
  const rows = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  const most = rows[0]?.[1] ?? 0;
  if (most === 0) return <Text size="sm">No attempt failed.</Text>;
  return (
    <Stack gap="sm">
      {rows.map(([reason, attempts]) => (
        <div key={reason}>
          <Group justify="space-between">
            <Text size="sm">{reason}</Text>
            <Text size="sm">{count(attempts)}</Text>
          </Group>
          <Progress value={(100 * attempts) / most} color="red" aria-hidden />
        </div>
      ))}
      <TextLink to="/deliveries" search={{ status: ["retrying", "failed"] }} size="sm">
        See the deliveries
      </TextLink>
    </Stack>
  );
}
