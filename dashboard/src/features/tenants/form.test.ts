import { expect, test } from "vitest";
import type { StoredTenant } from "../../api/tenants";
import { faultsOf, patchOf, valuesOf } from "./form";

const at = "2026-01-21T12:00:00.000Z";

const stored: StoredTenant = {
  metadata: '{"plan":{"a":1.0,"b":12345678901234567890}}',
  tenant: {
    id: "ten_1",
    name: "Example",
    external_id: null,
    status: "active",
    strict_event_types: false,
    sandbox: false,
    rate_limit: { per_second: 50, burst: 5 },
    ingest_rate_limit: null,
    egress: { allow: [], deny: [] },
    metadata: {},
    created_at: at,
    updated_at: at,
  },
};
const values = valuesOf(stored);

test("a patch names what was changed, and nothing else", () => {
  expect(patchOf(stored, values)).toEqual({ rest: {}, metadata: null });
  const changed = { ...values, sandbox: true, egress: { allow: ["10.0.0.0/8"], deny: [] } };
  expect(patchOf(stored, changed).rest).toEqual({
    sandbox: true,
    egress: { allow: ["10.0.0.0/8"], deny: [] },
  });
});

test("what is emptied goes back to the default", () => {
  const limit = (per_second: number | "") => ({ ...values, rate_limit: { per_second, burst: "" as const } });
  expect(patchOf(stored, limit("")).rest).toEqual({ rate_limit: null });
  expect(patchOf(stored, limit(50)).rest).toEqual({ rate_limit: { per_second: 50, burst: null } });
  expect(patchOf(stored, { ...values, metadata: " " }).metadata).toBe('{"plan":null}');
});

test("metadata is patched within, with its numbers as they are written", () => {
  const metadata = '{"plan":{"b":12345678901234567891}}';
  expect(patchOf(stored, { ...values, metadata }).metadata).toBe(
    '{"plan":{"a":null,"b":12345678901234567891}}',
  );
});

test("what cannot be is told at its field", () => {
  expect(faultsOf(stored, values)).toEqual({});
  const wrong = { ...values, name: " ", metadata: "[1]", rate_limit: { per_second: "" as const, burst: 3 } };
  expect(Object.keys(faultsOf(stored, wrong))).toEqual(["name", "rate_limit.per_second", "metadata"]);
  expect(faultsOf(stored, { ...values, metadata: '{"x":null}' }).metadata).toContain("/x");
  expect(faultsOf(stored, { ...values, metadata: "{" }).metadata).toContain("no JSON");
});
