import { Badge, Group, Text } from "@mantine/core";
import type { BinRequest } from "../../api/bins";

type Verified = BinRequest["verification"][number];

const reasons: Record<NonNullable<Verified["reason"]>, { text: string; color: string }> = {
  no_secret: { text: "unchecked: no secret", color: "gray" },
  malformed: { text: "malformed", color: "red" },
  stale: { text: "stale", color: "red" },
  mismatch: { text: "does not hold", color: "red" },
  truncated: { text: "unchecked: body cut off", color: "gray" },
};

/** Of each signature that a request carries, whether it holds. */
export function Verification({ request: { verification } }: { request: BinRequest }) {
  if (verification.length === 0) {
    return (
      <Text span size="xs">
        no signature
      </Text>
    );
  }
  return (
    <Group gap={4} component="span">
      {verification.map(({ scheme, valid, reason }) => {
        const told = valid ? { text: "holds", color: "green" } : reasons[reason ?? "mismatch"];
        return (
          <Badge key={scheme} size="sm" variant="light" color={told.color} tt="none" miw="max-content">
            {scheme} {told.text}
          </Badge>
        );
      })}
    </Group>
  );
}
