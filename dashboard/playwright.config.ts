import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

// Workers read this file again: they are to take what was found.
process.env.CHROMIUM ??= execFileSync(fileURLToPath(new URL("../scripts/chromium.sh", import.meta.url)), {
  encoding: "utf8",
}).trim();

const CI = process.env.CI !== undefined;

export default defineConfig({
  outputDir: "e2e/results",
  workers: 2,
  fullyParallel: true,
  forbidOnly: CI,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    launchOptions: { executablePath: process.env.CHROMIUM },
    locale: "en-GB",
    timezoneId: "UTC",
    viewport: { width: 1280, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
    screenshot: "only-on-failure",
    trace: "off",
  },
  projects: [
    { name: "tests", testDir: "e2e", testMatch: "*.spec.ts" },
    { name: "screenshots", testDir: "e2e/screenshots" },
    { name: "figures", testDir: "e2e/figures" },
  ],
});
