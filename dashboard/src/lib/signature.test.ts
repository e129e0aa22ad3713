import { afterEach, describe, expect, test, vi } from "vitest";
import { canCheck, checkPt, checkStandard } from "./signature";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

// The published vectors of Standard Webhooks.
const shared = { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
const pair = { publicKey: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=" };
const headers = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const body = '{"test": 2432232314}';
const v1a = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

describe("webhook-signature", () => {
  test("holds over what was signed, and over nothing else", async () => {
    expect(await checkStandard({ headers, body }, shared)).toBe("valid");
    expect(await checkStandard({ headers, body: body + " " }, shared)).toBe("mismatch");
    expect(await checkStandard({ headers: { ...headers, "webhook-id": "msg_x" }, body }, shared)).toBe(
      "mismatch",
    );
    expect(await checkStandard({ headers, body }, { secret: "whsec_AAAA" })).toBe("mismatch");
  });

  test("is one of several while a secret is rotated", async () => {
    const signature = `v1,AAAA v1,%% ${v1a} ${headers["webhook-signature"]}`;
    const rotated = { ...headers, "webhook-signature": signature };
    expect(await checkStandard({ headers: rotated, body }, shared)).toBe("valid");
    expect(await checkStandard({ headers: rotated, body }, pair)).toBe("valid");
  });

  test("of a key pair holds with its public half", async () => {
    const signed = { ...headers, "webhook-signature": v1a };
    expect(await checkStandard({ headers: signed, body }, pair)).toBe("valid");
    expect(await checkStandard({ headers: signed, body: "{}" }, pair)).toBe("mismatch");
    expect(await checkStandard({ headers: signed, body }, shared)).toBe("mismatch");
  });

  test("of a key pair is told as not checked where the browser does not know the kind", async () => {
    vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(new DOMException("No", "NotSupportedError"));
    const signed = { ...headers, "webhook-signature": v1a };
    expect(await checkStandard({ headers: signed, body }, pair)).toBe("unsupported");
  });

  test("needs the headers that it is made of", async () => {
    expect(await checkStandard({ headers: {}, body }, shared)).toBe("absent");
    expect(await checkStandard({ headers: { ...headers, "webhook-id": undefined }, body }, shared)).toBe(
      "malformed",
    );
    const late = { ...headers, "webhook-timestamp": "16142653300" };
    expect(await checkStandard({ headers: late, body }, shared)).toBe("malformed");
    expect(await checkStandard({ headers, body }, { secret: "whsec_*" })).toBe("malformed");
  });
});

describe("X-PT-Signature", () => {
  const tag = "0510623f7b3032f502003b9552fbc9a23401f123ad73351a95cd491a5bda3ad0";
  const signed = (value: string) => ({
    headers: { "x-pt-signature": value },
    body: '{"id":"evt_123456","type":"memory.created"}',
  });
  const key = { secret: "pt-secret" };

  test("holds over timestamp and body without anything in between", async () => {
    expect(await checkPt(signed(`t=1700000000,v1=${tag}`), key)).toBe("valid");
    expect(await checkPt(signed(`t=1700000000,v1=00,v1=zz,v1=${tag}`), key)).toBe("valid");
    expect(await checkPt(signed(`t=1700000001,v1=${tag}`), key)).toBe("mismatch");
    const dotted = "287a6defac5f46f40f0c236b26ded2daa76f3905cc59b5041a5cd7f06e657832";
    expect(await checkPt(signed(`t=1700000000,v1=${dotted}`), key)).toBe("mismatch");
  });

  test("has a timestamp of ten digits at its beginning", async () => {
    expect(await checkPt(signed(`v1=${tag}`), key)).toBe("malformed");
    expect(await checkPt(signed(`t=17000000005,v1=${tag}`), key)).toBe("malformed");
    expect(await checkPt({ headers: {}, body: "" }, key)).toBe("absent");
  });

  test("of the request in docs/integration.md holds, as its other signature does", async () => {
    const request = {
      headers: {
        "webhook-id": "evt_01kfh1qj8aecv8j9vbmzn6vn2c",
        "webhook-timestamp": "1768996800",
        "webhook-signature": "v1,pBlUBjLh0Qiap0wwCiBRf7HS16OrLmQ30ptwlKMXwV8=",
        "x-pt-signature": "t=1768996800,v1=bfae2f0ed82d5cb32408b9c1a1c88bf20d04a6b6885a0d2dc077e0fed6f6cdca",
      },
      body: '{"id":"evt_01kfh1qj8aecv8j9vbmzn6vn2c","type":"content.published","timestamp":"2026-01-21T12:00:00Z","data":{"title":"Hello"},"metadata":{}}',
    };
    expect(await checkStandard(request, shared)).toBe("valid");
    expect(await checkPt(request, shared)).toBe("valid");
  });
});

test("a page without cryptography is told from one with", () => {
  expect(canCheck()).toBe(true);
  vi.stubGlobal("crypto", { subtle: undefined });
  expect(canCheck()).toBe(false);
});
