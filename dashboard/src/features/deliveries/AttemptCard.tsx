import { Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { Attempt } from "../../api/deliveries";
import { lengthText } from "../../lib/length";
import { pretty } from "../../lib/raw";
import { CopyText } from "../../ui/CopyText";
import { When } from "../../ui/When";
import type { Checks } from "./checks";
import { curlOf } from "./curl";
import { Half, type Part } from "./Half";
import type { SentBody } from "./sentBody";
import { SignatureBadges } from "./SignatureBadges";
import { Timing } from "./Timing";

interface Props {
  attempt: Attempt;
  /** The attempt before, to tell how long after it this one was. */
  before?: Attempt;
  /** `null`: nothing is told of it. */
  body: SentBody | null;
  /** What came of checking its signatures, once that was asked for. */
  checks?: Checks;
  /** Whether the bodies are shown without being asked for. */
  open?: boolean;
}

/** One request that was made, and what came back, beside each other where there is room. */
export function AttemptCard({ attempt, before, body, checks, open = true }: Props) {
  const { url, request_headers } = attempt;
  const text = body?.state === "known" ? body.text : null;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={3}>
          Attempt {attempt.number}: {outcomeOf(attempt)}
        </Title>
        {url !== null && (
          <CopyText label="Copy as curl" text={curlOf({ url, headers: request_headers, body: text })} />
        )}
      </Group>
      <Text size="sm">
        <When at={attempt.started_at} />
        {before !== undefined && `, ${sinceText(before, attempt)}`}
        {attempt.remote_ip !== null && ` · ${attempt.remote_ip}`}
        {attempt.http_version !== null && ` · ${attempt.http_version}`}
      </Text>
      {attempt.error !== null && (
        <Text size="sm" c="red">
          {attempt.error}
        </Text>
      )}
      {checks !== undefined && <SignatureBadges checks={checks} />}
      <Timing attempt={attempt} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Half
          title="Request"
          line={url === null ? "The url is not known any more." : `POST ${url}`}
          parts={requestParts(attempt, body)}
          attempt={attempt.number}
          open={open}
        />
        <Half
          title="Response"
          line={responseLine(attempt)}
          parts={responseParts(attempt)}
          attempt={attempt.number}
          open={open}
        />
      </SimpleGrid>
    </Stack>
  );
}

export function outcomeOf({ status_code, failure_reason }: Attempt): string {
  if (status_code !== null) return `HTTP ${status_code}`;
  return failure_reason ?? "no answer";
}

function sinceText(before: Attempt, attempt: Attempt): string {
  const length = Date.parse(attempt.started_at) - Date.parse(before.started_at);
  return `${lengthText(length)} after attempt ${before.number}`;
}

function requestParts({ request_headers }: Attempt, body: SentBody | null): Part[] {
  const headers: Part = { name: "headers", text: headerText(request_headers) };
  if (body === null || body.state === "waiting") return [headers];
  return body.state === "known"
    ? [headers, { name: "body", text: pretty(body.text), copied: body.text }]
    : [headers, { name: "body", text: null, note: body.why }];
}

function responseLine({ status_code, failure_reason }: Attempt): string {
  if (status_code === null) return `None: ${failure_reason ?? "no answer"}`;
  return failure_reason === null || failure_reason === "http_status"
    ? `HTTP ${status_code}`
    : `HTTP ${status_code}, ${failure_reason}`;
}

function responseParts({ response_headers, response_body, response_truncated }: Attempt): Part[] {
  const parts: Part[] = [];
  if (response_headers !== null) parts.push({ name: "headers", text: headerText(response_headers) });
  if (response_body !== null && response_body !== "") {
    const note = response_truncated ? "There was more of it; the first 4 KiB are kept." : undefined;
    parts.push({ name: "body", text: response_body, note });
  }
  return parts;
}

function headerText(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}
