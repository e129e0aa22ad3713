import type { StoredTenant, Tenant, TenantPatch } from "../../api/tenants";
import { jsonFault } from "../../lib/jsonFault";
import { mergePatch } from "../../lib/mergePatch";
import { pretty } from "../../lib/raw";

interface RateLimit {
  per_second: number | "";
  burst: number | "";
}

/** What the form holds; an empty number is the default of the server. */
export interface Values {
  name: string;
  external_id: string;
  status: Tenant["status"];
  strict_event_types: boolean;
  sandbox: boolean;
  rate_limit: RateLimit;
  ingest_rate_limit: RateLimit;
  egress: { allow: string[]; deny: string[] };
  /** The JSON text. */
  metadata: string;
}

/** The fields at which a fault can be shown. */
export const fields = [
  "name",
  "external_id",
  "status",
  "strict_event_types",
  "sandbox",
  "rate_limit.per_second",
  "rate_limit.burst",
  "ingest_rate_limit.per_second",
  "ingest_rate_limit.burst",
  "egress.allow",
  "egress.deny",
  "metadata",
] as const;

export function valuesOf({ tenant, metadata }: StoredTenant): Values {
  const limit = (of: Tenant["rate_limit"]): RateLimit => ({
    per_second: of?.per_second ?? "",
    burst: of?.burst ?? "",
  });
  return {
    name: tenant.name,
    external_id: tenant.external_id ?? "",
    status: tenant.status,
    strict_event_types: tenant.strict_event_types,
    sandbox: tenant.sandbox,
    rate_limit: limit(tenant.rate_limit),
    ingest_rate_limit: limit(tenant.ingest_rate_limit),
    egress: tenant.egress,
    metadata: pretty(metadata),
  };
}

function written(values: Values): TenantPatch {
  const limit = ({ per_second, burst }: RateLimit) =>
    per_second === "" ? null : { per_second, burst: burst === "" ? null : burst };
  return {
    name: values.name.trim(),
    external_id: values.external_id.trim() === "" ? null : values.external_id.trim(),
    status: values.status,
    strict_event_types: values.strict_event_types,
    sandbox: values.sandbox,
    rate_limit: limit(values.rate_limit),
    ingest_rate_limit: limit(values.ingest_rate_limit),
    egress: values.egress,
  };
}

export interface Patch {
  rest: TenantPatch;
  metadata: string | null;
}

/** Only what has been changed: the rest may have been changed by somebody else meanwhile. */
export function patchOf(before: StoredTenant, values: Values): Patch {
  const was: Record<string, unknown> = { ...written(valuesOf(before)) };
  const changed = Object.entries(written(values)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name]),
  );
  return {
    rest: Object.fromEntries(changed),
    metadata: mergePatch(before.metadata, given(values.metadata)).text,
  };
}

/** What can be told without the server, by field. */
export function faultsOf(before: StoredTenant, values: Values): Partial<Record<string, string>> {
  return {
    ...(values.name.trim() === "" && { name: "A name is needed." }),
    ...limitFault("rate_limit", values.rate_limit),
    ...limitFault("ingest_rate_limit", values.ingest_rate_limit),
    ...metadataFault(before, values),
  };
}

function limitFault(name: string, { per_second, burst }: RateLimit): Record<string, string> {
  if (per_second !== "" || burst === "") return {};
  return { [`${name}.per_second`]: "A burst goes with a number per second." };
}

function metadataFault(before: StoredTenant, { metadata }: Values): Record<string, string> {
  const fault = jsonFault(metadata);
  if (fault !== null) return { metadata: fault };
  const text = given(metadata).trim();
  if (!text.startsWith("{")) return { metadata: "It has to be an object." };
  const { unsaid } = mergePatch(before.metadata, text);
  return unsaid.length === 0 ? {} : { metadata: `null cannot be kept here: ${unsaid.join(", ")}` };
}

function given(metadata: string): string {
  return metadata.trim() === "" ? "{}" : metadata;
}
