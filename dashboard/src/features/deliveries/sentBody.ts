import { useQuery } from "@tanstack/react-query";
import type { Delivery } from "../../api/deliveries";
import { envelope, eventQuery } from "../../api/events";
import { ProblemError } from "../../api/problem";
import { subscriptionQuery, type Subscription } from "../../api/subscriptions";
import { useApi } from "../../routes/tenant";

/** The body of a delivery's requests. It is not kept: it follows from the event, or has to be told as unknown. */
export type SentBody =
  { state: "waiting" } | { state: "known"; text: string } | { state: "unknown"; why: string };

export function useSentBody({ event_id, subscription_id, batch_id }: Delivery): SentBody {
  const api = useApi();
  const event = useQuery(eventQuery(api, event_id));
  const subscription = useQuery(subscriptionQuery(api, subscription_id));
  if (batch_id !== null) {
    return unknown("The body is not kept: it was a batch, which had other events as well.");
  }
  if (event.isError) return unknown(gone(event.error, "event"));
  if (subscription.isError) return unknown(gone(subscription.error, "subscription"));
  if (event.data === undefined || subscription.data === undefined) return { state: "waiting" };
  const made = madeBy(subscription.data);
  return made === null ? { state: "known", text: envelope(event.data) } : unknown(made);
}

function unknown(why: string): SentBody {
  return { state: "unknown", why };
}

function gone(error: Error, noun: string): string {
  return error instanceof ProblemError && error.status === 404
    ? `The body is not kept, and its ${noun} is gone.`
    : `The body is not kept, and its ${noun} could not be loaded.`;
}

/** What made the body when it is not the event as such. */
export function madeBy({ kind, template, format }: Subscription): string | null {
  if (kind === "slack") return "The body is not kept: it was written for Slack when it was sent.";
  if (template !== null) return "The body is not kept: the subscription's template made it when it was sent.";
  if (format !== "standard") return "The body is not kept: it was made as a CloudEvent when it was sent.";
  return null;
}
