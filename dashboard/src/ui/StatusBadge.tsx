import { Badge } from "@mantine/core";

const colors: Record<string, string> = {
  pending: "gray",
  retrying: "yellow",
  succeeded: "green",
  failed: "red",
  cancelled: "gray",
  active: "green",
  paused: "yellow",
  disabled: "red",
  suspended: "red",
  running: "blue",
  completed: "green",
  delivered: "green",
  skipped: "gray",
  held: "yellow",
  replayed: "green",
  discarded: "gray",
  behind: "red",
  open: "orange",
  served: "green",
};

/** The state of a delivery, subscription, lane, replay or tenant: the word is there for who sees no colours. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <Badge variant="light" color={colors[status] ?? "gray"} tt="none" miw="max-content">
      {status}
    </Badge>
  );
}
