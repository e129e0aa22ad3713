import type { NewSubscription, StoredSubscription, SubscriptionPatch } from "../../../api/subscriptions";
import { mergePatch } from "../../../lib/mergePatch";
import { waitSeconds } from "./schedule";
import { SEALED, valuesOf, type Numeral, type Values } from "./values";

/** What is sent: metadata as text, so that its numbers stay as they are written; `null` is none. */
export interface Written<Body> {
  rest: Body;
  metadata: string | null;
}

/** All fields, as a new subscription gives them; `null` asks for the default. */
export function newOf(values: Values): Written<NewSubscription> {
  const { client_certificate: pem, secret, signing } = values;
  return {
    rest: {
      ...plain(values),
      headers: headersOf(values),
      client_certificate: pem.certificate.trim() === "" && pem.private_key.trim() === "" ? null : pem,
      status: values.starts_paused ? "paused" : null,
      // Of a key pair the private half is made by the server.
      secret: signing.algorithm === "ed25519" ? null : textOf(secret.trim()),
    },
    metadata: textOf(values.metadata),
  };
}

/**
 * Only what has been changed: the rest may have been changed by somebody else meanwhile, and what is sealed reads
 * `***` and is not written back.
 */
export function patchOf(before: StoredSubscription, values: Values): Written<SubscriptionPatch> {
  const was: Record<string, unknown> = { ...plain(valuesOf(before)) };
  const is = plain(values);
  const changed = Object.fromEntries(
    Object.entries(is).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name])),
  ) as SubscriptionPatch;
  const headers = headersPatch(before, values);
  const client_certificate = certificatePatch(before, values);
  return {
    rest: {
      ...changed,
      // Left out it would stay as it is.
      ...(changed.retry && { retry: { ...changed.retry, jitter: changed.retry.jitter ?? null } }),
      // The url of Slack is sealed, and that of a webhook is shown: it has to be given anew.
      ...(changed.kind === "webhook" && { url: is.url }),
      ...(headers && { headers }),
      ...(client_certificate !== undefined && { client_certificate }),
    },
    metadata: mergePatch(before.metadata, metadataOf(values)).text,
  };
}

export function isEmpty({ rest, metadata }: Written<SubscriptionPatch>): boolean {
  return Object.keys(rest).length === 0 && metadata === null;
}

/** No metadata is an empty object. */
export function metadataOf({ metadata }: Values): string {
  return metadata.trim() === "" ? "{}" : metadata.trim();
}

/** What is compared as a whole. An object is sent whole, too, so that nothing of what it was stays in it. */
function plain(values: Values) {
  const { rate_limit, delivery, retry, signing, auto_replay } = values;
  const per_second = numberOf(rate_limit.per_second);
  const schedule_s = retry.schedule_s.map((wait) => waitSeconds(wait) ?? 0);
  return {
    url: values.url.trim(),
    description: values.description,
    event_types: values.event_types,
    filter: textOf(values.filter),
    ordered: values.ordered,
    timeout_ms: numberOf(values.timeout_ms),
    max_in_flight: numberOf(values.max_in_flight),
    rate_limit: per_second === null ? null : { per_second, burst: numberOf(rate_limit.burst) },
    // One by one is the default: naming it would leave the bounds of batches beside it.
    delivery:
      delivery.mode === "single"
        ? null
        : {
            mode: delivery.mode,
            max_events: numberOf(delivery.max_events),
            max_wait_ms: numberOf(delivery.max_wait_ms),
          },
    retry: schedule_s.length === 0 ? null : { schedule_s, jitter: numberOf(retry.jitter) ?? undefined },
    kind: values.kind,
    format: values.format,
    template: textOf(values.template),
    // In one order, whichever was ticked first.
    signing: { ...signing, schemes: schemeNames.filter((name) => signing.schemes.includes(name)) },
    external_id: textOf(values.external_id.trim()),
    auto_replay: autoReplayOf(auto_replay),
  };
}

const schemeNames = ["pt", "standard"] as const;

function autoReplayOf({ healthy_minutes, max }: Values["auto_replay"]) {
  const minutes = numberOf(healthy_minutes);
  const times = numberOf(max);
  return minutes === null || times === null ? null : { healthy_minutes: minutes, max: times };
}

function headersOf({ headers }: Values): Record<string, string> {
  const given = headers.filter(({ name }) => name.trim() !== "");
  return Object.fromEntries(given.map(({ name, value }) => [name.trim(), value.trim()]));
}

function headersPatch({ subscription }: StoredSubscription, values: Values): SubscriptionPatch["headers"] {
  const was = new Map(Object.entries(subscription.headers));
  const is = new Map(Object.entries(headersOf(values)));
  const gone = [...was.keys()].filter((name) => !is.has(name)).map((name) => [name, null] as const);
  const changed = [...is].filter(([name, value]) => was.get(name) !== value);
  return gone.length + changed.length === 0 ? undefined : Object.fromEntries([...gone, ...changed]);
}

function certificatePatch(
  { subscription }: StoredSubscription,
  { client_certificate: pem }: Values,
): SubscriptionPatch["client_certificate"] {
  const was = subscription.client_certificate;
  const keepsKey = was !== null && (pem.private_key === SEALED || pem.private_key.trim() === "");
  if (pem.certificate.trim() === "" && (keepsKey || pem.private_key.trim() === "")) {
    return was === null ? undefined : null;
  }
  const changed = {
    ...(pem.certificate !== was?.certificate && { certificate: pem.certificate }),
    ...(!keepsKey && { private_key: pem.private_key }),
  };
  return Object.keys(changed).length === 0 ? undefined : changed;
}

/** A field that is being typed may hold its number as text. */
export function numberOf(value: Numeral): number | null {
  return value === "" ? null : Number(value);
}

function textOf(text: string): string | null {
  return text.trim() === "" ? null : text;
}
