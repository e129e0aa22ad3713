import { Card, Group, Skeleton, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { statsQuery } from "../../api/stats";
import { Figures } from "../../ui/Figures";
import { TextLink } from "../../ui/links";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { useApi } from "../../routes/tenant";

/** How it fared in the last day. */
export function StatsCard({ id }: { id: string }) {
  const stats = useQuery(statsQuery(useApi(), {}, "24h", id));
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2}>The last 24 hours</Title>
        <TextLink to="/deliveries" search={{ subscription_id: id, range: "24h" }} size="sm">
          Its deliveries
        </TextLink>
      </Group>
      {stats.isError && <ProblemAlert error={stats.error} retry={() => void stats.refetch()} />}
      {stats.isPending && <Skeleton height={60} />}
      {stats.data && <Figures now={stats.data.now.totals} before={stats.data.before.totals} />}
    </Card>
  );
}
