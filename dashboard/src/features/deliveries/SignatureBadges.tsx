import { Badge, Group } from "@mantine/core";
import type { Checked } from "../../lib/signature";
import type { Checks } from "./checks";

const words: Record<Exclude<Checked, "absent">, { text: string; color: string }> = {
  valid: { text: "holds", color: "green" },
  mismatch: { text: "does not hold", color: "red" },
  malformed: { text: "is malformed", color: "red" },
  unsupported: { text: "cannot be checked by this browser", color: "gray" },
};

/** What was found of the two signatures of an attempt; one that it does not carry is not told. */
export function SignatureBadges({ checks }: { checks: Checks }) {
  const both = [
    { header: "webhook-signature", found: checks.standard },
    { header: "X-PT-Signature", found: checks.pt },
  ];
  return (
    <Group gap="xs">
      {both.map(
        ({ header, found }) =>
          found !== "absent" && (
            <Badge key={header} variant="light" color={words[found].color} tt="none" miw="max-content">
              {header} {words[found].text}
            </Badge>
          ),
      )}
    </Group>
  );
}
