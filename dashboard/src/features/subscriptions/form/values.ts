import type { StoredSubscription, Subscription } from "../../../api/subscriptions";
import { pretty } from "../../../lib/raw";
import { waitText } from "./schedule";

/** What answers show in the place of a sealed value. */
export const SEALED = "***";

/** Empty is the default of the server. */
export type Numeral = number | string;

export interface HeaderRow {
  /** Tells rows apart while they are typed. */
  key: string;
  name: string;
  value: string;
}

/** What the form holds; a number that is empty is the default of the server. */
export interface Values {
  url: string;
  description: string;
  event_types: string[];
  filter: string;
  ordered: boolean;
  timeout_ms: Numeral;
  max_in_flight: Numeral;
  rate_limit: { per_second: Numeral; burst: Numeral };
  delivery: { mode: Subscription["delivery"]["mode"]; max_events: Numeral; max_wait_ms: Numeral };
  /** Waits as they are written: `5s`, `2m`. */
  retry: { schedule_s: string[]; jitter: Numeral };
  headers: HeaderRow[];
  kind: Subscription["kind"];
  format: Subscription["format"];
  template: string;
  signing: { schemes: string[]; algorithm: Subscription["signing"]["algorithm"] };
  external_id: string;
  auto_replay: { healthy_minutes: Numeral; max: Numeral };
  client_certificate: { certificate: string; private_key: string };
  /** The JSON text. */
  metadata: string;
  /** Of a new one only. */
  secret: string;
  /** Of a new one only. */
  starts_paused: boolean;
}

let rows = 0;

export function headerRow(name = "", value = ""): HeaderRow {
  rows += 1;
  return { key: String(rows), name, value };
}

/** A new one that is as the server would make it. */
export function newValues(): Values {
  return {
    url: "",
    description: "",
    event_types: [],
    filter: "",
    ordered: false,
    timeout_ms: "",
    max_in_flight: "",
    rate_limit: { per_second: "", burst: "" },
    delivery: { mode: "single", max_events: "", max_wait_ms: "" },
    retry: { schedule_s: [], jitter: "" },
    headers: [],
    kind: "webhook",
    format: "standard",
    template: "",
    signing: { schemes: ["pt", "standard"], algorithm: "hmac-sha256" },
    external_id: "",
    auto_replay: { healthy_minutes: "", max: "" },
    client_certificate: { certificate: "", private_key: "" },
    metadata: "",
    secret: "",
    starts_paused: false,
  };
}

export function valuesOf({ subscription: it, metadata }: StoredSubscription): Values {
  return {
    ...newValues(),
    url: it.url,
    description: it.description,
    event_types: it.event_types,
    filter: it.filter ?? "",
    ordered: it.ordered,
    timeout_ms: it.timeout_ms,
    max_in_flight: it.max_in_flight,
    rate_limit: { per_second: it.rate_limit?.per_second ?? "", burst: it.rate_limit?.burst ?? "" },
    delivery: {
      mode: it.delivery.mode,
      max_events: it.delivery.max_events ?? "",
      max_wait_ms: it.delivery.max_wait_ms ?? "",
    },
    retry: { schedule_s: it.retry.schedule_s.map(waitText), jitter: it.retry.jitter },
    headers: Object.entries(it.headers).map(([name, value]) => headerRow(name, value)),
    kind: it.kind,
    format: it.format,
    template: it.template ?? "",
    signing: it.signing,
    external_id: it.external_id ?? "",
    auto_replay: {
      healthy_minutes: it.auto_replay?.healthy_minutes ?? "",
      max: it.auto_replay?.max ?? "",
    },
    client_certificate: {
      certificate: it.client_certificate?.certificate ?? "",
      private_key: it.client_certificate?.private_key ?? "",
    },
    metadata: metadata === "{}" ? "" : pretty(metadata),
  };
}
