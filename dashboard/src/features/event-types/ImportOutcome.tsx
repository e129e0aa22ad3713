import { List, Text } from "@mantine/core";
import type { Imported } from "../../api/catalogue";
import { count } from "../../ui/figures";

const MOST_NAMES = 20;

const fates = ["created", "updated", "deleted", "unchanged"] as const;

/** What an import came to, or would: how many event types, and which. */
export function ImportOutcome({ outcome }: { outcome: Imported }) {
  return (
    <List size="sm" spacing={4}>
      {fates.map((fate) => (
        <List.Item key={fate}>
          <Text span fw={600}>
            {count(outcome[fate].length)} {fate}
          </Text>
          {fate !== "unchanged" && outcome[fate].length > 0 && (
            <Text span style={{ overflowWrap: "anywhere" }}>
              : {named(outcome[fate])}
            </Text>
          )}
        </List.Item>
      ))}
    </List>
  );
}

function named(names: string[]): string {
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return more > 0 ? `${shown} and ${count(more)} more` : shown;
}
