// Runs verify.ts and the official Standard Webhooks library for JavaScript against vectors.json: they must
// agree on every vector of that scheme, and the sample must be right on all of them.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
import { verifyPt, verifyStandard } from "./verify.js";

interface Vector {
  name: string;
  secret: string;
  id: string;
  timestamp: string;
  signature: string;
  body: string;
  now_s: number;
  valid: boolean;
}

const vectors: { standard: Vector[]; pt: Omit<Vector, "id" | "timestamp">[] } = JSON.parse(
  readFileSync(new URL("../vectors.json", import.meta.url), "utf8"),
);
let passed = 0;
let failed = 0;

for (const { name, secret, id, timestamp, signature, body, now_s, valid } of vectors.standard) {
  const sample = verifyStandard(secret, id, timestamp, signature, Buffer.from(body), now_s);
  expect(`verify.ts, standard: ${name}`, sample, valid);
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
  const official = at(now_s, () => accepts(() => new Webhook(secret).verify(body, headers)));
  expect(`standardwebhooks: ${name}`, official, valid);
}
for (const { name, secret, signature, body, now_s, valid } of vectors.pt) {
  expect(`verify.ts, pt: ${name}`, verifyPt(secret, signature, Buffer.from(body), now_s), valid);
}

console.log(`typescript: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function expect(name: string, accepted: boolean, valid: boolean): void {
  if (accepted === valid) {
    passed += 1;
  } else {
    failed += 1;
    console.error(`FAILED ${name}: ${accepted ? "accepted" : "refused"}`);
  }
}

function accepts(verify: () => unknown): boolean {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
}

/** The library reads the clock itself. */
function at<T>(nowS: number, run: () => T): T {
  const now = Date.now;
  Date.now = () => nowS * 1000;
  try {
    return run();
  } finally {
    Date.now = now;
  }
}
