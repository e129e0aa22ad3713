import type { Schemas } from "../../../api/client";
import type { SampleName } from "../search";
import javascript from "./library.js.txt?raw";
import python from "./library.py.txt?raw";
import ownPython from "./verify.py.txt?raw";
import ownRust from "./verify.rs.txt?raw";
import ownTypescript from "./verify.ts.txt?raw";

// The texts are those of the documentation, which are run against its vectors (docs/verify, docs/integration.md); a
// test holds them to be the same.

export interface Sample {
  label: string;
  /** What has to be there for it. */
  needs: string;
  text: string;
  /** Whether it knows both schemes; a library knows `standard` only. */
  knowsPt: boolean;
}

export const samples: Record<SampleName, Sample> = {
  typescript: {
    label: "TypeScript",
    needs: "Node's standard library only.",
    text: ownTypescript,
    knowsPt: true,
  },
  python: { label: "Python", needs: "The standard library only.", text: ownPython, knowsPt: true },
  rust: { label: "Rust", needs: "The crates base64, hex, hmac and sha2.", text: ownRust, knowsPt: true },
  "javascript-library": {
    label: "JavaScript, by the library of Standard Webhooks",
    needs: "npm install standardwebhooks",
    text: javascript,
    knowsPt: false,
  },
  "python-library": {
    label: "Python, by the library of Standard Webhooks",
    needs: "pip install standardwebhooks",
    text: python,
    knowsPt: false,
  },
};

/** The line that names the secret, and where it stands: what a library's sample does begins with it. */
const lines: Record<SampleName, { line: (secret: string) => string; after: RegExp }> = {
  typescript: { line: (secret) => `const secret = "${secret}";`, after: /$/ },
  python: { line: (secret) => `SECRET = "${secret}"`, after: /$/ },
  rust: { line: (secret) => `const SECRET: &str = "${secret}";`, after: /$/ },
  "javascript-library": { line: (secret) => `const secret = "${secret}";`, after: /^import .*\n/ },
  "python-library": { line: (secret) => `secret = "${secret}"`, after: /^from .*\n/ },
};

/** The sample with a secret filled in; a secret is base64 behind a prefix, and needs no escapes in any of them. */
export function filled(name: SampleName, { secret }: Schemas["Secret"]): string {
  const { text } = samples[name];
  if (!secret) return text;
  const { line, after } = lines[name];
  const at = after.exec(text);
  const end = at === null ? text.length : at.index + at[0].length;
  return `${text.slice(0, end)}\n${line(secret)}\n${text.slice(end)}`;
}
