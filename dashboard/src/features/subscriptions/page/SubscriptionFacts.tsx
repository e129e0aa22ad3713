import { Card, Code, Stack } from "@mantine/core";
import type { StoredSubscription, Subscription } from "../../../api/subscriptions";
import { pretty } from "../../../lib/raw";
import { CodeBlock } from "../../../ui/CodeBlock";
import { Facts } from "../../../ui/Facts";
import { StatusBadge } from "../../../ui/StatusBadge";
import { When } from "../../../ui/When";
import { waitText } from "../form/schedule";

/** What holds for a subscription. */
export function SubscriptionFacts({
  stored: { subscription: it, metadata },
}: {
  stored: StoredSubscription;
}) {
  const headers = Object.entries(it.headers).map(([name, value]) => `${name}: ${value}`);
  return (
    <Card withBorder>
      <Stack>
        <Facts
          facts={{
            Url: it.url,
            Status: <StatusBadge status={it.status} />,
            Description: it.description || "–",
            "Event types": it.event_types.length === 0 ? "all" : it.event_types.join(", "),
            Filter: it.filter === null ? "none" : <Code>{it.filter}</Code>,
            "External id": it.external_id,
            Kind: it.kind,
            Format: it.format,
            Delivery: deliveryText(it.delivery),
            Ordered: it.ordered ? "yes" : "no",
            Timeout: `${it.timeout_ms} ms`,
            "Most in flight": it.max_in_flight,
            "Rate limit": rateText(it.rate_limit),
            "Retries after": `${it.retry.schedule_s.map(waitText).join(", ")} (jitter ${it.retry.jitter})`,
            Signing: `${it.signing.algorithm} (${it.signing.schemes.join(", ")})`,
            Headers: headers.length === 0 ? "none" : headers.join("; "),
            "Client certificate":
              it.client_certificate === null ? (
                "none"
              ) : (
                <>
                  until <When at={it.client_certificate.not_after} />
                </>
              ),
            "Replay by itself": replayText(it.auto_replay),
            Created: <When at={it.created_at} />,
            Updated: <When at={it.updated_at} />,
          }}
        />
        {it.template !== null && <Text title="Template" text={it.template} />}
        {metadata !== "{}" && <Text title="Metadata" text={pretty(metadata)} />}
      </Stack>
    </Card>
  );
}

function Text({ title, text }: { title: string; text: string }) {
  return (
    <details>
      <summary>{title}</summary>
      <CodeBlock label={title} text={text} />
    </details>
  );
}

function deliveryText({ mode, max_events, max_wait_ms }: Subscription["delivery"]): string {
  return mode === "single" ? mode : `batch of at most ${max_events} events, or after ${max_wait_ms} ms`;
}

function rateText(limit: Subscription["rate_limit"]): string {
  return limit === null ? "none" : `${limit.per_second} per second, burst ${limit.burst}`;
}

function replayText(replay: Subscription["auto_replay"]): string {
  if (replay === null) return "no";
  return `after ${replay.healthy_minutes} healthy minutes, at most ${replay.max} times`;
}
