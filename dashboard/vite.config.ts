import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    // The folder around it is always there, for a server that is built without it.
    outDir: "dist/site",
    // The server's content security policy allows no `data:` addresses: every asset is a file.
    assetsInlineLimit: 0,
    // `npm run size` reads from it what the first load consists of.
    manifest: true,
    // The router, the components and React come to more than the usual limit; `npm run size` is the one that counts.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { "/api": process.env.POSTHASTE_URL ?? "http://127.0.0.1:8080" },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: "src/test/setup.ts",
    testTimeout: 15_000,
  },
});
