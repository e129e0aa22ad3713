import { Card, Group, SegmentedControl, Stack, Title } from "@mantine/core";
import { useState } from "react";
import type { StoredEvent } from "../../api/events";
import { pretty } from "../../lib/raw";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";

/** What was posted: laid out to be read, or byte for byte as it came. */
export function Payload({ event }: { event: StoredEvent }) {
  const [form, setForm] = useState("pretty");
  const data = form === "raw" ? event.data : pretty(event.data);
  const metadata = form === "raw" ? event.metadata : pretty(event.metadata);
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2}>Payload</Title>
          <Group gap="xs">
            <SegmentedControl
              size="xs"
              aria-label="Form of the payload"
              data={[
                { value: "pretty", label: "Pretty" },
                { value: "raw", label: "Raw, as received" },
              ]}
              value={form}
              onChange={setForm}
            />
            <CopyText label="Copy data" text={data} />
          </Group>
        </Group>
        <Title order={3}>data</Title>
        <CodeBlock text={data} label="data" />
        <Title order={3}>metadata</Title>
        <CodeBlock text={metadata} label="metadata" />
      </Stack>
    </Card>
  );
}
