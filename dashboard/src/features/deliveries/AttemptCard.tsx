import { Accordion, Group, Stack, Text, Title } from "@mantine/core";
import type { Attempt } from "../../api/deliveries";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { When } from "../../ui/When";
import { curlOf } from "./curl";
import { Timing } from "./Timing";

interface Props {
  attempt: Attempt;
  /** The body of the request; `null` when it is not known here. */
  body: string | null;
}

/** One request that was made, and what came back. */
export function AttemptCard({ attempt, body }: Props) {
  const { url, request_headers, response_headers, response_body } = attempt;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={3}>
          Attempt {attempt.number}: {outcomeOf(attempt)}
        </Title>
        {url !== null && (
          <CopyText label="Copy as curl" text={curlOf({ url, headers: request_headers, body })} />
        )}
      </Group>
      <Text size="sm">
        <When at={attempt.started_at} />
        {attempt.remote_ip !== null && ` · ${attempt.remote_ip}`}
        {attempt.http_version !== null && ` · ${attempt.http_version}`}
      </Text>
      {url !== null && (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          POST {url}
        </Text>
      )}
      {attempt.error !== null && (
        <Text size="sm" c="red">
          {attempt.error}
        </Text>
      )}
      <Timing attempt={attempt} />
      <Accordion multiple variant="contained" order={4}>
        <Section title="Response body" text={response_body} more={attempt.response_truncated} />
        <Section title="Response headers" text={response_headers && headerText(response_headers)} />
        <Section title="Request headers" text={headerText(request_headers)} />
      </Accordion>
    </Stack>
  );
}

export function outcomeOf({ status_code, failure_reason }: Attempt): string {
  if (status_code !== null) return `HTTP ${status_code}`;
  return failure_reason ?? "no answer";
}

function Section({ title, text, more = false }: { title: string; text: string | null; more?: boolean }) {
  if (text === null || text === "") return null;
  return (
    <Accordion.Item value={title}>
      <Accordion.Control>{title}</Accordion.Control>
      <Accordion.Panel>
        <CodeBlock text={text} label={title} />
        {more && <Text size="xs">There was more of it; the first 4 KiB are kept.</Text>}
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function headerText(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}
