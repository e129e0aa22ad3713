import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curlOf, quoted } from "./curl";

/** What a shell makes of the command: its arguments, one a line, with line breaks shown as `\n`. */
function shellArguments(command: string): string[] {
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${command}`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

test("a shell gives every word back as it was", () => {
  const words = ["it's", "$(rm -rf /) `id` $HOME", "a\nb", '"', "\\", "''", "!x", "*"];
  for (const word of words) expect(shellArguments(`curl ${quoted(word)}`)).toEqual([word]);
});

test("the command sends url, headers and body as they were", () => {
  const command = curlOf({
    url: "https://example.com/hook?a=1&b='2'",
    headers: { "webhook-id": "evt_1", "x-note": "it's $5", "x-empty": "", "Content-Length": "9" },
    body: '{"text":"it\'s"}',
  });
  expect(shellArguments(command)).toEqual([
    "--globoff",
    "-X",
    "POST",
    "https://example.com/hook?a=1&b='2'",
    "-H",
    "webhook-id: evt_1",
    "-H",
    "x-note: it's $5",
    "-H",
    "x-empty;",
    "--data-raw",
    '{"text":"it\'s"}',
  ]);
});

test("a body that is not known is read from a file", () => {
  expect(shellArguments(curlOf({ url: "https://example.com", headers: {}, body: null })).slice(-2)).toEqual([
    "--data-binary",
    "@body",
  ]);
});
