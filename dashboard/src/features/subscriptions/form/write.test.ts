import { expect, test } from "vitest";
import type { StoredSubscription, Subscription } from "../../../api/subscriptions";
import { aSubscription } from "../../../test/rows";
import { withRevealed } from "./reveal";
import { headerRow, newValues, valuesOf } from "./values";
import { isEmpty, newOf, patchOf } from "./write";

const stored = (changes: Partial<Subscription> = {}, metadata = "{}"): StoredSubscription => ({
  subscription: { ...aSubscription, ...changes },
  metadata,
});

const rich = stored(
  {
    filter: "true",
    rate_limit: { per_second: 5, burst: 40 },
    delivery: { mode: "batch", max_events: 100, max_wait_ms: 0 },
    headers: { "x-a": "***", "x-b": "***" },
    signing: { schemes: ["standard", "pt"], algorithm: "hmac-sha256" },
    auto_replay: { healthy_minutes: 5, max: 3 },
    client_certificate: { certificate: "PEM", private_key: "***", not_after: aSubscription.created_at },
    external_id: "mine",
    template: "{}",
  },
  '{"n":1.0,"big":12345678901234567890123}',
);

const patched = (changes: Partial<ReturnType<typeof valuesOf>>, before = rich) =>
  patchOf(before, { ...valuesOf(before), ...changes });

test("a patch names what was changed, and nothing else", () => {
  expect(isEmpty(patched({}))).toBe(true);
  expect(isEmpty(patched({}, stored()))).toBe(true);
  expect(patched({ ordered: true, filter: " " }, stored()).rest).toEqual({ ordered: true });
});

test("what is emptied has its default again", () => {
  const { rest, metadata } = patched({
    filter: "",
    timeout_ms: "",
    max_in_flight: "",
    rate_limit: { per_second: "", burst: "" },
    delivery: { mode: "single", max_events: 100, max_wait_ms: 0 },
    retry: { schedule_s: [], jitter: "" },
    headers: [],
    auto_replay: { healthy_minutes: "", max: "" },
    client_certificate: { certificate: "", private_key: "***" },
    external_id: "",
    template: "",
    metadata: "",
  });
  expect(rest).toEqual({
    filter: null,
    timeout_ms: null,
    max_in_flight: null,
    rate_limit: null,
    delivery: null,
    retry: null,
    headers: { "x-a": null, "x-b": null },
    auto_replay: null,
    client_certificate: null,
    external_id: null,
    template: null,
  });
  expect(metadata).toBe('{"n":null,"big":null}');
});

test("a part of an object that is emptied has its default, not what it was", () => {
  const { rest } = patched({
    rate_limit: { per_second: 6, burst: "" },
    retry: { schedule_s: ["1m", "0.5s"], jitter: "" },
  });
  expect(rest).toEqual({
    rate_limit: { per_second: 6, burst: null },
    retry: { schedule_s: [60, 0.5], jitter: null },
  });
});

test("sealed values are not written back", () => {
  const [a, b] = valuesOf(rich).headers;
  const headers = [a ?? headerRow(), headerRow(" x-c ", "new")];
  expect(patched({ headers }).rest).toEqual({ headers: { "x-b": null, "x-c": "new" } });
  expect(patched({ headers: [{ ...(a ?? headerRow()), value: "1" }, b ?? headerRow()] }).rest).toEqual({
    headers: { "x-a": "1" },
  });

  const slack = stored({ kind: "slack", url: "***" });
  expect(isEmpty(patched({}, slack))).toBe(true);
  expect(patched({ kind: "webhook", url: "https://example.com" }, slack).rest).toEqual({
    kind: "webhook",
    url: "https://example.com",
  });
});

test("a certificate that is renewed keeps its key, and a new key goes alone", () => {
  const certificate = (pem: object) =>
    patched({ client_certificate: { ...valuesOf(rich).client_certificate, ...pem } }).rest.client_certificate;
  expect(certificate({ certificate: "NEW" })).toEqual({ certificate: "NEW" });
  expect(certificate({ certificate: "NEW", private_key: "" })).toEqual({ certificate: "NEW" });
  expect(certificate({ private_key: "KEY" })).toEqual({ private_key: "KEY" });
  const first = patched({ client_certificate: { certificate: "C", private_key: "K" } }, stored());
  expect(first.rest).toEqual({ client_certificate: { certificate: "C", private_key: "K" } });
});

test("metadata is patched as text", () => {
  expect(patched({ metadata: '{"n": 1.0, "big": 12345678901234567890124}' }).metadata).toBe(
    '{"big":12345678901234567890124}',
  );
});

test("what is shown is compared with what was read, and changes and others' headers are left alone", () => {
  const values = valuesOf(rich);
  const [a, b] = values.headers;
  const headers = [{ ...(a ?? headerRow()), value: "mine" }, b ?? headerRow()];
  const shown = stored({ ...rich.subscription, headers: { "x-a": "1", "x-b": "2", "x-new": "3" } });
  const revealed = withRevealed(rich, shown, { ...values, headers });
  expect(revealed.values.headers.map(({ value }) => value)).toEqual(["mine", "2"]);
  expect(patchOf(revealed.before, { ...values, ...revealed.values }).rest).toEqual({
    headers: { "x-a": "mine" },
  });
});

test("a new one leaves to the server what is not given", () => {
  const { rest, metadata } = newOf({ ...newValues(), url: " https://example.com " });
  expect(rest).toMatchObject({
    url: "https://example.com",
    filter: null,
    timeout_ms: null,
    rate_limit: null,
    delivery: null,
    retry: null,
    headers: {},
    client_certificate: null,
    secret: null,
    status: null,
  });
  expect(metadata).toBeNull();
});

test("a key pair's private half is not the caller's to give", () => {
  const signing = { schemes: ["standard"], algorithm: "ed25519" as const };
  expect(newOf({ ...newValues(), signing, secret: "whsec_x" }).rest.secret).toBeNull();
  expect(newOf({ ...newValues(), secret: " whsec_x " }).rest.secret).toBe("whsec_x");
});
