import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sampleNames } from "../search";
import { filled, samples } from "./texts";

// Tests are run in the dashboard's folder.
const read = (path: string) => readFileSync(`../docs/${path}`, "utf8");

test.each([
  ["typescript", "verify.ts"],
  ["python", "verify.py"],
  ["rust", "verify.rs"],
] as const)("%s is the sample that is run against the vectors", (name, file) => {
  expect(samples[name].text).toBe(read(`verify/${file}`));
});

test("the libraries' samples are those of the documentation", () => {
  const page = read("integration.md");
  expect(page).toContain(`\`\`\`js\n${samples["javascript-library"].text}\`\`\``);
  expect(page).toContain(`\`\`\`python\n${samples["python-library"].text}\`\`\``);
});

test.each(sampleNames)("a secret is filled into %s, and the rest stays", (name) => {
  const text = filled(name, { secret: "whsec_abc+/=" });
  const [line] = text.split("\n").filter((one) => one.includes("whsec_abc+/="));
  expect(line).toMatch(/^(const )?(secret|SECRET)\b.*= "whsec_abc\+\/=";?$/);
  expect(text.replace(`\n${line ?? ""}\n`, "")).toBe(samples[name].text);
});

test("a library's sample names the secret before it uses it", () => {
  const text = filled("javascript-library", { secret: "whsec_x" });
  expect(text.indexOf('const secret = "whsec_x"')).toBeLessThan(text.indexOf("new Webhook(secret)"));
});
