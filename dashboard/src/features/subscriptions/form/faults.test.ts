import { describe, expect, test } from "vitest";
import { ProblemError } from "../../../api/problem";
import type { StoredSubscription } from "../../../api/subscriptions";
import { aSubscription } from "../../../test/rows";
import { faultsOf, groupsWith, sortFaults, urlFault } from "./faults";
import { headerRow, newValues, valuesOf } from "./values";

const fine = { ...newValues(), url: "https://example.com" };
const sealed: StoredSubscription = {
  subscription: { ...aSubscription, kind: "slack", url: "***", headers: { "x-a": "***" } },
  metadata: '{"a":1}',
};

describe("without the server", () => {
  test("nothing is wrong with what is needed only", () => {
    expect(faultsOf(null, fine)).toEqual({});
    expect(faultsOf(sealed, valuesOf(sealed))).toEqual({});
  });

  test("a url is checked as far as can be told", () => {
    expect(urlFault("https://example.com/x")).toBeNull();
    expect(urlFault("ftp://example.com")).not.toBeNull();
    expect(urlFault("example")).not.toBeNull();
  });

  test("a sealed url is none of a webhook", () => {
    expect(Object.keys(faultsOf(sealed, { ...valuesOf(sealed), kind: "webhook" }))).toEqual(["url"]);
  });

  test("the mask is a value of the header that it is the mask of, and of no other", () => {
    const headers = [headerRow("x-b", "***"), headerRow("", ""), headerRow("", "v"), headerRow("X-B", "1")];
    expect(Object.keys(faultsOf(sealed, { ...valuesOf(sealed), headers }))).toEqual([
      "headers.0.value",
      "headers.2.name",
      "headers.3.name",
    ]);
  });

  test.each([
    ["delivery.max_events", { delivery: { mode: "batch" as const, max_events: "", max_wait_ms: 0 } }],
    ["rate_limit.per_second", { rate_limit: { per_second: "", burst: 5 } }],
    ["retry.schedule_s", { retry: { schedule_s: ["5s", "soon"], jitter: "" } }],
    ["retry.schedule_s", { retry: { schedule_s: [], jitter: 0.2 } }],
    ["signing.schemes", { signing: { schemes: [], algorithm: "hmac-sha256" as const } }],
    ["auto_replay.max", { auto_replay: { healthy_minutes: 5, max: "" } }],
    ["client_certificate.private_key", { client_certificate: { certificate: "PEM", private_key: "" } }],
    ["client_certificate.certificate", { client_certificate: { certificate: "", private_key: "PEM" } }],
    ["metadata", { metadata: "[]" }],
    ["metadata", { metadata: "{" }],
  ])("%s is told", (field, changes) => {
    const faults = faultsOf(null, { ...fine, ...changes });
    expect(Object.keys(faults)).toEqual([field]);
    expect(groupsWith(faults)).toHaveLength(1);
  });

  test("metadata that a patch cannot say is told", () => {
    expect(faultsOf(sealed, { ...valuesOf(sealed), metadata: '{"b": null}' })).toHaveProperty("metadata");
  });
});

describe("what the server refuses", () => {
  const values = {
    ...fine,
    event_types: ["a", "b..c"],
    retry: { schedule_s: ["1h", "0s"], jitter: "" },
    headers: [headerRow("x-a", "é"), headerRow("host", "x")],
    metadata: '{\n  "a": 1\n}',
  };
  const sorted = (...errors: [string, string][]) =>
    sortFaults(
      new ProblemError({ errors: errors.map(([pointer, detail]) => ({ pointer, detail })) }),
      values,
    );

  test("is told at its field, and by its place there", () => {
    const { fields, rest } = sorted(
      ["/event_types/1", "no type"],
      ["/retry/schedule_s/1", "too short"],
      ["/headers/x-a", "the value must be ASCII"],
      ["/headers/host", "the name is reserved"],
      ["/metadata/a", "no"],
      ["/client_certificate", "needs https"],
      ["/status", "no"],
      ["/delivery/mode", "no"],
    );
    expect(rest).toEqual([]);
    expect(fields).toEqual({
      event_types: "b..c: no type",
      "retry.schedule_s": "0s: too short",
      "headers.0.value": "the value must be ASCII",
      "headers.1.name": "the name is reserved",
      metadata: "Line 2, /a: no",
      "client_certificate.certificate": "needs https",
      starts_paused: "no",
      "delivery.mode": "no",
    });
    expect(groupsWith(fields)).toEqual(["first", "delivery", "signing", "advanced"]);
  });

  test("of no field is left to be listed", () => {
    expect(sorted(["", "must be an object"], ["/tenant", "no"]).rest).toHaveLength(2);
    expect(sorted(["/headers/gone", "no"], ["/headers", "at most 32"]).fields).toEqual({
      headers: "no at most 32",
    });
  });
});
