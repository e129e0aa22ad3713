// Checks a delivery's signatures as its receiver would (docs/integration.md), by the browser's own cryptography.

/** What a signature is checked with: a shared secret (`whsec_…`) or the public half of a key pair (`whpk_…`). */
export type SignatureKey = { secret: string } | { publicKey: string };

export interface Signed {
  /** With names in lower case. */
  headers: Partial<Record<string, string>>;
  body: string;
}

/**
 * `absent`: no such header, so nothing to check. `malformed`: a header that belongs to it is missing or not as it has to
 * be. `unsupported`: this browser cannot check the kind.
 */
export type Checked = "valid" | "mismatch" | "malformed" | "absent" | "unsupported";

/** Browsers offer cryptography to pages that came over https or from this machine, and to no others. */
export function canCheck(): boolean {
  return (globalThis.crypto as Partial<Crypto> | undefined)?.subtle !== undefined;
}

/** `webhook-signature`: `v1,<base64>` or `v1a,<base64>` over `id.timestamp.body`, several separated by spaces. */
export async function checkStandard({ headers, body }: Signed, key: SignatureKey): Promise<Checked> {
  const signature = headers["webhook-signature"];
  if (signature === undefined) return "absent";
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  if (id === undefined || timestamp === undefined || !isTime(timestamp)) return "malformed";
  const signed = bytesOf(`${id}.${timestamp}.${body}`);
  const version = "secret" in key ? "v1" : "v1a";
  const given = signature
    .split(" ")
    .filter((one) => one.startsWith(`${version},`))
    .map((one) => fromBase64(one.slice(version.length + 1)));
  return "secret" in key
    ? anyHolds(given, await hmacKey(fromBase64(key.secret.replace(/^whsec_/, ""))), signed)
    : anyHolds(given, await publicKey(fromBase64(key.publicKey.replace(/^whpk_/, ""))), signed);
}

/** `X-PT-Signature`: `t=<timestamp>,v1=<hex>` over timestamp and body, keyed with the secret as it is shown. */
export async function checkPt({ headers, body }: Signed, key: SignatureKey): Promise<Checked> {
  const signature = headers["x-pt-signature"];
  if (signature === undefined) return "absent";
  const [first = "", ...rest] = signature.split(",");
  const timestamp = first.replace(/^t=/, "");
  if (!first.startsWith("t=") || !isTime(timestamp)) return "malformed";
  // A key pair does not sign this header.
  if (!("secret" in key)) return "mismatch";
  const given = rest.filter((one) => one.startsWith("v1=")).map((one) => fromHex(one.slice(3)));
  return anyHolds(given, await hmacKey(bytesOf(key.secret)), bytesOf(timestamp + body));
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Exactly ten digits: nothing separates the timestamp from the body in what `X-PT-Signature` signs. */
function isTime(text: string): boolean {
  return /^[0-9]{10}$/.test(text);
}

async function anyHolds(given: (Bytes | null)[], key: CryptoKey | Checked, signed: Bytes): Promise<Checked> {
  if (typeof key === "string") return key;
  for (const signature of given) {
    if (signature === null) continue;
    if (await crypto.subtle.verify(key.algorithm.name, key, signature, signed)) return "valid";
  }
  return "mismatch";
}

async function hmacKey(raw: Bytes | null): Promise<CryptoKey | Checked> {
  if (raw === null || raw.length === 0) return "malformed";
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

async function publicKey(raw: Bytes | null): Promise<CryptoKey | Checked> {
  if (raw?.length !== 32) return "malformed";
  try {
    return await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    // Ed25519 came to browsers late.
    if (error instanceof DOMException && error.name === "NotSupportedError") return "unsupported";
    throw error;
  }
}

function bytesOf(text: string): Bytes {
  return new TextEncoder().encode(text);
}

function fromBase64(text: string): Bytes | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

function fromHex(text: string): Bytes | null {
  if (!/^(?:[0-9a-f]{2})+$/i.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
