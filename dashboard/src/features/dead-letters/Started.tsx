import { Button, Card, Group, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { reload } from "../../api/deliveries";
import { isOver, replayQuery } from "../../api/replays";
import { TextLink } from "../../ui/links";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { useApi } from "../../routes/tenant";
import { ReplayProgress } from "../replays/Progress";

interface Props {
  id: string;
  onDismiss: () => void;
}

/** How far a replay is that was started from here. */
export function Started({ id, onDismiss }: Props) {
  const api = useApi();
  const replay = useQuery(replayQuery(api, id));
  const over = replay.data !== undefined && isOver(replay.data);
  // What it came to is among the dead letters below, or no longer.
  useEffect(() => {
    if (over) reload(api);
  }, [over, api]);

  return (
    <Card withBorder mb="md">
      <Group justify="space-between" mb="xs">
        <Group gap="xs">
          <Title order={2}>Replay</Title>
          <TextLink to="/replays/$id" params={{ id }} size="sm" style={{ overflowWrap: "anywhere" }}>
            {id}
          </TextLink>
          {replay.data && <StatusBadge status={replay.data.status} />}
        </Group>
        <Button size="xs" variant="default" onClick={onDismiss}>
          Hide
        </Button>
      </Group>
      {replay.isError && <ProblemAlert error={replay.error} retry={() => void replay.refetch()} />}
      {replay.data && <ReplayProgress replay={replay.data} full />}
    </Card>
  );
}
