import { Group, Skeleton, Text } from "@mantine/core";
import { count, successRate } from "../../ui/figures";
import { Spark } from "../overview/Spark";
import type { Known } from "./useHealth";

/** How a subscription fared in the last day, in a cell. */
export function Health({ known }: { known: Known }) {
  if (known === "pending") return <Skeleton height={32} width={180} aria-label="Loading" />;
  if (known === "unknown") return "not known";
  if (known === "none") {
    return (
      <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
        no attempts
      </Text>
    );
  }
  return (
    <Group gap="xs" wrap="nowrap">
      <Text
        size="sm"
        miw={64}
        style={{ whiteSpace: "nowrap" }}
        title={`${count(known.succeeded)} of ${count(known.attempts)} attempts succeeded`}
      >
        {successRate(known)}
      </Text>
      <Spark buckets={known.buckets} />
    </Group>
  );
}
