// Verifies deliveries of Posthaste: standard library of Node only. Use either function; both are sent.
// `body` is the request's body as it came, before any JSON parser; a missing header is "".
import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE_S = 5 * 60;

/** Headers `webhook-id`, `webhook-timestamp` and `webhook-signature`; `secret` is `whsec_…`. */
export function verifyStandard(
  secret: string,
  id: string,
  timestamp: string,
  signature: string,
  body: Uint8Array,
  nowS = Math.floor(Date.now() / 1000),
): boolean {
  if (id === "" || !isFresh(timestamp, nowS)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const tag = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return signature.split(" ").some((one) => isEqual(one, `v1,${tag}`));
}

/** Header `X-PT-Signature`; the key is the secret's text as shown, `whsec_` included. */
export function verifyPt(
  secret: string,
  signature: string,
  body: Uint8Array,
  nowS = Math.floor(Date.now() / 1000),
): boolean {
  const parts = signature.split(",");
  const times = parts.filter((part) => part.startsWith("t=")).map((part) => part.slice(2));
  const [timestamp] = times;
  if (timestamp === undefined || times.length > 1 || !isFresh(timestamp, nowS)) return false;
  const tag = createHmac("sha256", secret).update(timestamp).update(body).digest("hex");
  return parts.some((part) => isEqual(part, `v1=${tag}`));
}

// Exactly ten digits: nothing separates the timestamp from the body in what X-PT-Signature signs, so an
// eleventh digit could have been the body's first.
function isFresh(timestamp: string, nowS: number): boolean {
  return /^[0-9]{10}$/.test(timestamp) && Math.abs(nowS - Number(timestamp)) <= TOLERANCE_S;
}

// In constant time, so that a forger learns nothing from how long a refusal takes.
function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
