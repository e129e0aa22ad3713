// Checks the signatures of one arrival twice, with nothing of Posthaste: `webhook-signature` by the official
// library of Standard Webhooks, `X-PT-Signature` by ten lines of HMAC.
import { createHmac, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";

const TOLERANCE_S = 5 * 60;

/**
 * What the two checks say about an arrival, name by name; true is as it must be. Both accept it as it came,
 * and refuse it with one changed byte, and when the clock is just over five minutes off, either way.
 */
export function checksOf({ headers, body, secret, nowS }) {
  const standard = (bytes, clockS) => at(clockS, () => standardAccepts(secret, headers, bytes));
  const pt = (bytes, clockS) => ptAccepts(secret, headers["x-pt-signature"] ?? "", bytes, clockS);
  const both = [standard, pt];
  const changed = Buffer.from(body);
  changed[changed.length >> 1] ^= 1;
  const sentS = Number(headers["webhook-timestamp"]);
  const staleS = [sentS + TOLERANCE_S + 1, sentS - TOLERANCE_S - 1];
  return {
    "webhook-signature accepted by standardwebhooks": standard(body, nowS),
    "X-PT-Signature accepted by ten lines of HMAC": pt(body, nowS),
    "one changed byte refused by both": both.every((accepts) => !accepts(changed, nowS)),
    "301 seconds early or late refused by both": both.every((accepts) => staleS.every((s) => !accepts(body, s))),
  };
}

function standardAccepts(secret, headers, body) {
  try {
    // The body is text that need not be JSON for this: a changed byte may have broken it.
    new Webhook(secret).verify(body.toString(), headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

function ptAccepts(secret, header, body, nowS) {
  const [, timestamp] = /^t=([0-9]{10}),/.exec(header) ?? [];
  if (timestamp === undefined || Math.abs(nowS - Number(timestamp)) > TOLERANCE_S) return false;
  const expected = createHmac("sha256", secret).update(timestamp).update(body).digest();
  return header
    .split(",")
    .filter((part) => part.startsWith("v1="))
    .map((part) => Buffer.from(part.slice(3), "hex"))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}

/** The library reads the clock itself. */
function at(nowS, run) {
  const now = Date.now;
  Date.now = () => nowS * 1000;
  try {
    return run();
  } finally {
    Date.now = now;
  }
}
