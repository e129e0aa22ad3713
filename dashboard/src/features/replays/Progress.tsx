import { Group, Progress, Text } from "@mantine/core";
import { isOver, toBeMade, unfinished, type Replay } from "../../api/replays";
import { count } from "../../ui/figures";

interface Part {
  name: string;
  number: number;
  color: string;
}

/** What became of all that a replay is about, in the order in which it comes. */
export function partsOf(replay: Replay): Part[] {
  return [
    { name: "succeeded", number: replay.succeeded, color: "green.8" },
    { name: "failed", number: replay.failed, color: "red.7" },
    { name: "skipped", number: replay.skipped, color: "gray.6" },
    {
      name: replay.status === "cancelled" ? "cancelled or under way" : "under way",
      number: unfinished(replay),
      color: "blue.6",
    },
    { name: "to be made", number: toBeMade(replay), color: "transparent" },
  ];
}

function madeText(replay: Replay): string {
  return `${count(replay.enqueued + replay.skipped)} of ${count(replay.matched)} made`;
}

/** How far a replay is. `full` tells the parts in words beside it. */
export function ReplayProgress({ replay, full = false }: { replay: Replay; full?: boolean }) {
  const parts = partsOf(replay).filter(({ number }) => number > 0);
  const all = parts.reduce((sum, { number }) => sum + number, 0);
  const words = parts.map(({ name, number }) => `${count(number)} ${name}`).join(", ");
  return (
    <div>
      <Progress.Root
        size={full ? "xl" : "md"}
        miw={160}
        role="progressbar"
        aria-label="Progress"
        aria-valuemin={0}
        aria-valuemax={Math.max(1, replay.matched)}
        aria-valuenow={Math.min(replay.enqueued + replay.skipped, Math.max(1, replay.matched))}
        aria-valuetext={`${madeText(replay)}: ${words === "" ? "nothing yet" : words}`}
      >
        {parts.map(({ name, number, color }) => (
          <Progress.Section key={name} withAria={false} value={(100 * number) / all} color={color} />
        ))}
      </Progress.Root>
      {full ? (
        <Group gap="md" mt="xs" aria-live={isOver(replay) ? "polite" : "off"}>
          <Text size="sm" fw={600}>
            {madeText(replay)}
          </Text>
          {parts.map(({ name, number }) => (
            <Text key={name} size="sm">
              {count(number)} {name}
            </Text>
          ))}
        </Group>
      ) : (
        <Text size="xs">
          {madeText(replay)}, {count(replay.succeeded)} succeeded, {count(replay.failed)} failed
        </Text>
      )}
    </div>
  );
}
