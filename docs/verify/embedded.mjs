// Checks that docs/integration.md shows the samples as the files beside this one have them.
import { readFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const page = read("../integration.md");
const samples = { "verify.ts": "ts", "verify.py": "python", "verify.rs": "rust" };
const missing = Object.entries(samples).filter(
  ([file, language]) => !page.includes(`\`\`\`${language}\n${read(file)}\`\`\`\n`),
);
for (const [file] of missing) {
  console.error(`docs/integration.md does not show docs/verify/${file} as it is`);
}
const total = Object.keys(samples).length;
console.log(`embedded: ${total - missing.length} passed, ${missing.length} failed`);
process.exitCode = missing.length === 0 ? 0 : 1;
