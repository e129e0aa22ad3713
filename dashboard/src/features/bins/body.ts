// What a request's body can be shown as. Its bytes are those of its text, but where they are no UTF-8.

import type { BinRequest } from "../../api/bins";
import { pretty } from "../../lib/raw";

export const forms = ["pretty", "text", "hex", "base64"] as const;
export type Form = (typeof forms)[number];

type Body = Pick<BinRequest, "body" | "body_base64">;

export function bytesOf({ body, body_base64 }: Body): Uint8Array<ArrayBuffer> {
  if (body_base64 === null) return new TextEncoder().encode(body);
  return Uint8Array.from(atob(body_base64), (char) => char.charCodeAt(0));
}

/** Those that say something of it, the best one first. */
export function formsOf({ body, body_base64 }: Body): Form[] {
  if (body_base64 !== null) return ["hex", "base64", "text"];
  return isJson(body) ? ["pretty", "text", "hex", "base64"] : ["text", "hex", "base64"];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function shownAs(form: Form, body: Body): string {
  switch (form) {
    case "pretty":
      return pretty(body.body);
    case "text":
      return body.body;
    case "hex":
      return hexOf(bytesOf(body).subarray(0, MOST_HEX));
    case "base64":
      return body.body_base64 ?? base64Of(bytesOf(body));
  }
}

/** Bytes that are shown in hex: a line for each sixteen, so more would be slow to draw. */
export const MOST_HEX = 16 * 1024;

const LINE = 16;

/** Lines as `hexdump -C` writes them. */
export function hexOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE) {
    const line = [...bytes.subarray(at, at + LINE)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0"));
    const halves = [hex.slice(0, LINE / 2), hex.slice(LINE / 2)].map((half) => half.join(" ").padEnd(23));
    const readable = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."));
    lines.push(`${at.toString(16).padStart(8, "0")}  ${halves.join("  ")}  |${readable.join("")}|`);
  }
  return lines.join("\n");
}

function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
