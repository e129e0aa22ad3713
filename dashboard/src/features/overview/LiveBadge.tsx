import { Badge } from "@mantine/core";
import type { LiveState } from "../../api/useLive";

const told: Record<LiveState["name"], { text: string; color: string }> = {
  off: { text: "Every 15 s", color: "gray" },
  connecting: { text: "Connecting…", color: "gray" },
  open: { text: "Live", color: "green" },
  reconnecting: { text: "Reconnecting…", color: "yellow" },
  paused: { text: "Paused", color: "gray" },
  // Figures are still loaded, as often as they were before there was a stream.
  refused: { text: "Every 15 s", color: "gray" },
};

/** As wide as its longest text: nothing beside it moves when it changes. */
const left = { label: { textAlign: "start" } } as const;

/** How what is shown keeps up. A screen reader is told when that changes, and only then. */
export function LiveBadge({ state }: { state: LiveState }) {
  const { text, color } = told[state.name];
  return (
    <Badge variant="dot" color={color} tt="none" w={130} styles={left} role="status" aria-live="polite">
      {text}
    </Badge>
  );
}
