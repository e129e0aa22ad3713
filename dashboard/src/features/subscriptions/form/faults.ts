import type { StoredSubscription } from "../../../api/subscriptions";
import { fieldErrors, ProblemError, type FieldErrors } from "../../../api/problem";
import { jsonFault } from "../../../lib/jsonFault";
import { mergePatch } from "../../../lib/mergePatch";
import { lineOf, pointerParts } from "../../../lib/raw";
import { waitSeconds } from "./schedule";
import { SEALED, type Values } from "./values";
import { metadataOf } from "./write";

/** The fields at which a fault can be shown, by the part of the form that they are in. */
export const groups = {
  first: ["url", "description", "event_types", "filter"],
  delivery: [
    "delivery.mode",
    "delivery.max_events",
    "delivery.max_wait_ms",
    "ordered",
    "timeout_ms",
    "max_in_flight",
    "rate_limit.per_second",
    "rate_limit.burst",
    "retry.schedule_s",
    "retry.jitter",
    "headers",
  ],
  format: ["kind", "format", "template"],
  signing: [
    "signing.schemes",
    "signing.algorithm",
    "secret",
    "client_certificate.certificate",
    "client_certificate.private_key",
  ],
  advanced: ["external_id", "auto_replay.healthy_minutes", "auto_replay.max", "metadata", "starts_paused"],
} as const;

export type Group = keyof typeof groups;
export const groupNames = Object.keys(groups) as Group[];

export type Faults = Record<string, string>;

/** The parts of the form that have a fault in them. */
export function groupsWith(faults: Partial<Record<string, unknown>>): Group[] {
  const faulty = Object.keys(faults).filter((path) => Boolean(faults[path]));
  return groupNames.filter((group) =>
    faulty.some((path) => groups[group].some((field) => isAt(path, field))),
  );
}

function isAt(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`);
}

/** What can be told without the server, by field; it has the last word. */
export function faultsOf(before: StoredSubscription | null, values: Values): Faults {
  return {
    ...urlFaults(before, values),
    ...batchFaults(values),
    ...limitFaults(values),
    ...retryFaults(values),
    ...headerFaults(before, values),
    ...(values.signing.schemes.length === 0 && { "signing.schemes": "One of them is needed." }),
    ...certificateFaults(before, values),
    ...replayFaults(values),
    ...metadataFaults(before, values),
  };
}

function urlFaults(before: StoredSubscription | null, { url, kind }: Values): Faults {
  const was = before?.subscription;
  // The sealed url of a Slack subscription can be left as it is, and is no webhook's.
  if (was?.kind === "slack" && url === SEALED) {
    return kind === "slack" ? {} : { url: "The url of Slack is sealed. Write the one of the webhook." };
  }
  const fault = urlFault(url);
  return fault === null ? {} : { url: fault };
}

export function urlFault(url: string): string | null {
  if (url.trim() === "") return "A url is needed.";
  if (!URL.canParse(url.trim())) return "This is no url.";
  return /^https?:/i.test(url.trim()) ? null : "It must begin with https://";
}

function batchFaults({ delivery: { mode, max_events, max_wait_ms } }: Values): Faults {
  if (mode === "single") return {};
  return {
    ...(max_events === "" && { "delivery.max_events": "A batch needs it." }),
    ...(max_wait_ms === "" && { "delivery.max_wait_ms": "A batch needs it." }),
  };
}

function limitFaults({ rate_limit: { per_second, burst } }: Values): Faults {
  if (per_second !== "" || burst === "") return {};
  return { "rate_limit.per_second": "A burst goes with a number per second." };
}

function retryFaults({ retry: { schedule_s, jitter } }: Values): Faults {
  const unread = schedule_s.filter((wait) => waitSeconds(wait) === null);
  if (unread.length > 0) return { "retry.schedule_s": `No length of time: ${unread.join(", ")}` };
  if (schedule_s.length > 0 || jitter === "") return {};
  return { "retry.schedule_s": "A jitter goes with a schedule. Empty both to have the default." };
}

function headerFaults(before: StoredSubscription | null, { headers }: Values): Faults {
  const was = new Map(Object.entries(before?.subscription.headers ?? {}));
  const seen = new Set<string>();
  const faults: Faults = {};
  for (const [index, row] of headers.entries()) {
    const name = row.name.trim();
    if (name === "") {
      if (row.value !== "") faults[`headers.${index}.name`] = "A name is needed.";
      continue;
    }
    if (seen.has(name.toLowerCase())) faults[`headers.${index}.name`] = "The name is there twice.";
    seen.add(name.toLowerCase());
    if (row.value === SEALED && was.get(name) !== SEALED) {
      faults[`headers.${index}.value`] = "This only stands for a sealed value. Write the value.";
    }
  }
  return faults;
}

function certificateFaults(before: StoredSubscription | null, { client_certificate: pem }: Values): Faults {
  const keeps = before?.subscription.client_certificate !== null && before !== null;
  const key = pem.private_key.trim();
  if (pem.certificate.trim() === "") {
    return key === "" || (keeps && key === SEALED)
      ? {}
      : { "client_certificate.certificate": "A key goes with its certificate." };
  }
  if (!keeps && (key === "" || key === SEALED)) {
    return { "client_certificate.private_key": "A certificate goes with its key." };
  }
  return {};
}

function replayFaults({ auto_replay: { healthy_minutes, max } }: Values): Faults {
  if ((healthy_minutes === "") === (max === "")) return {};
  const path = healthy_minutes === "" ? "auto_replay.healthy_minutes" : "auto_replay.max";
  return { [path]: "One goes with the other. Empty both to have none replayed by itself." };
}

function metadataFaults(before: StoredSubscription | null, values: Values): Faults {
  const fault = jsonFault(values.metadata);
  if (fault !== null) return { metadata: fault };
  const text = metadataOf(values);
  if (!text.startsWith("{")) return { metadata: "It has to be an object." };
  if (before === null) return {};
  const { unsaid } = mergePatch(before.metadata, text);
  return unsaid.length === 0 ? {} : { metadata: `null cannot be kept here: ${unsaid.join(", ")}` };
}

/** Sorts what the server refuses to the fields that it is about; what is within a field is told by its place there. */
export function sortFaults(problem: ProblemError, values: Values): FieldErrors {
  const errors = problem.errors.map((fault) => placed(fault, values));
  const rows = values.headers.flatMap((_, index) => [`headers.${index}.name`, `headers.${index}.value`]);
  return fieldErrors(new ProblemError({ errors }), [...Object.values(groups).flat(), ...rows]);
}

type Fault = ProblemError["errors"][number];

function placed(fault: Fault, values: Values): Fault {
  const [first, second = "", third] = pointerParts(fault.pointer);
  const { detail } = fault;
  switch (first) {
    case "headers": {
      const index = values.headers.findIndex(({ name }) => name.trim() === second);
      if (index < 0) return fault;
      return { pointer: `/headers/${index}/${detail.startsWith("the name") ? "name" : "value"}`, detail };
    }
    case "event_types": {
      const type = values.event_types[Number(second)];
      return type === undefined ? fault : { pointer: "/event_types", detail: `${type}: ${detail}` };
    }
    case "retry": {
      const wait = third === undefined ? undefined : values.retry.schedule_s[Number(third)];
      if (second === "") return { pointer: "/retry/schedule_s", detail };
      return wait === undefined ? fault : { pointer: "/retry/schedule_s", detail: `${wait}: ${detail}` };
    }
    case "metadata": {
      const within = fault.pointer.slice("/metadata".length);
      if (within === "") return fault;
      return {
        pointer: "/metadata",
        detail: `Line ${lineOf(values.metadata, within)}, ${within}: ${detail}`,
      };
    }
    case "status":
      return { pointer: "/starts_paused", detail };
    default: {
      // What is said of an object as a whole is shown at the first of its fields.
      const whole = second === "" ? wholes[first ?? ""] : undefined;
      return whole === undefined ? fault : { pointer: whole, detail };
    }
  }
}

const wholes: Partial<Record<string, string>> = {
  rate_limit: "/rate_limit/per_second",
  delivery: "/delivery/mode",
  signing: "/signing/schemes",
  auto_replay: "/auto_replay/healthy_minutes",
  client_certificate: "/client_certificate/certificate",
};
