import type { NewSubscription, Subscription, SubscriptionPatch } from "../../api/subscriptions";

/** What the form holds; an empty number is the default of the server. */
export interface Values {
  url: string;
  description: string;
  event_types: string[];
  filter: string;
  ordered: boolean;
  timeout_ms: number | "";
  max_in_flight: number | "";
  rate_limit: { per_second: number | "" };
}

/** The fields at which a fault can be shown. */
export const fields = [
  "url",
  "description",
  "event_types",
  "filter",
  "ordered",
  "timeout_ms",
  "max_in_flight",
  "rate_limit.per_second",
] as const;

export function valuesOf(subscription: Subscription | null): Values {
  return {
    url: subscription?.url ?? "",
    description: subscription?.description ?? "",
    event_types: subscription?.event_types ?? [],
    filter: subscription?.filter ?? "",
    ordered: subscription?.ordered ?? false,
    timeout_ms: subscription?.timeout_ms ?? "",
    max_in_flight: subscription?.max_in_flight ?? "",
    rate_limit: { per_second: subscription?.rate_limit?.per_second ?? "" },
  };
}

/** All fields, as a new subscription gives them; `null` asks for the default. */
export function newOf(values: Values): NewSubscription {
  const { url, description, event_types, filter, ordered, timeout_ms, max_in_flight, rate_limit } = values;
  return {
    url: url.trim(),
    description,
    event_types,
    filter: filter.trim() === "" ? null : filter,
    ordered,
    timeout_ms: timeout_ms === "" ? null : timeout_ms,
    max_in_flight: max_in_flight === "" ? null : max_in_flight,
    rate_limit: rate_limit.per_second === "" ? null : { per_second: rate_limit.per_second },
  };
}

/**
 * Only what has been changed: the rest may have been changed by somebody else meanwhile. So the sealed url of a
 * Slack subscription, which reads `***`, is not written back either.
 */
export function patchOf(before: Subscription, values: Values): SubscriptionPatch {
  const was: Record<string, unknown> = { ...newOf(valuesOf(before)) };
  const changed = Object.entries(newOf(values)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name]),
  );
  return Object.fromEntries(changed);
}

/** What can be told without the server; it has the last word. */
export function urlFault(url: string): string | null {
  if (url.trim() === "") return "A url is needed.";
  if (!URL.canParse(url.trim())) return "This is no url.";
  return /^https?:/i.test(url.trim()) ? null : "It must begin with https://";
}
