import type { Attempt } from "../../api/deliveries";
import { checkPt, checkStandard, type Checked, type SignatureKey } from "../../lib/signature";

export interface Checks {
  standard: Checked;
  pt: Checked;
}

/** Checks all signatures of some attempts, which had one body. By the attempt's id. */
export async function checkAll(
  attempts: Attempt[],
  body: string,
  key: SignatureKey,
): Promise<Record<string, Checks>> {
  const checks: Record<string, Checks> = {};
  for (const { id, request_headers } of attempts) {
    const signed = { headers: lowered(request_headers), body };
    checks[id] = { standard: await checkStandard(signed, key), pt: await checkPt(signed, key) };
  }
  return checks;
}

function lowered(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What came of all checks, in a sentence or two. */
export function told(checks: Record<string, Checks>): string {
  const found = Object.values(checks).flatMap(({ standard, pt }) => [standard, pt]);
  const number = (...kinds: Checked[]) => found.filter((one) => kinds.includes(one)).length;
  const signed = found.length - number("absent");
  if (signed === 0) return "These attempts carry no signature.";
  if (number("valid") === signed)
    return signed === 1 ? "The signature holds." : `All ${signed} signatures hold.`;
  const parts = [`${number("valid")} of ${signed} signatures hold.`];
  if (number("mismatch") > 0) {
    parts.push(
      "One that does not was made with another secret, if the secret was rotated since, or over another body, if the subscription had another format or template then.",
    );
  }
  if (number("malformed") > 0) parts.push("One that is malformed cannot be checked.");
  if (number("unsupported") > 0) parts.push("This browser cannot check Ed25519.");
  return parts.join(" ");
}
