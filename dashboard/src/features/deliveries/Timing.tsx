import { ColorSwatch, Group, Progress, Text } from "@mantine/core";
import type { Attempt } from "../../api/deliveries";
import { ms } from "../../ui/figures";

/** What an attempt spent its time on, in the order in which it comes; `rest` is the reading of the answer. */
export function phases({ timing, duration_ms }: Attempt): { name: string; ms: number }[] {
  const known = [
    { name: "dns", ms: timing.dns_ms },
    { name: "connect", ms: timing.connect_ms },
    { name: "tls", ms: timing.tls_ms },
    { name: "first byte", ms: timing.first_byte_ms },
  ].flatMap(({ name, ms }) => (ms === null ? [] : [{ name, ms }]));
  const rest = duration_ms - known.reduce((sum, { ms }) => sum + ms, 0);
  return rest > 0 ? [...known, { name: "rest", ms: rest }] : known;
}

const colors: Record<string, string> = {
  dns: "grape",
  connect: "blue",
  tls: "cyan",
  "first byte": "teal",
  rest: "gray",
};

export function Timing({ attempt }: { attempt: Attempt }) {
  const parts = phases(attempt);
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <div>
      <Progress.Root size="lg" aria-hidden>
        {total > 0 &&
          parts.map(({ name, ms }) => (
            <Progress.Section key={name} value={(100 * ms) / total} color={colors[name]} />
          ))}
      </Progress.Root>
      <Group gap="md" mt={4}>
        <Text size="xs" c="dimmed">
          queue {ms(attempt.timing.queue_ms)}, then {ms(attempt.duration_ms)}:
        </Text>
        {parts.map(({ name, ms: part }) => (
          <Group key={name} gap={6} wrap="nowrap">
            <ColorSwatch
              size={10}
              color={`var(--mantine-color-${colors[name] ?? "gray"}-filled)`}
              withShadow={false}
            />
            <Text size="xs">
              {name} {ms(part)}
            </Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}
