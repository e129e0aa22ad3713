// The events of the demo: every example payload of GitHub's webhooks, as its users contributed them.
import { createRequire } from "node:module";

// One event's data at most, as the server is set by default.
const DATA_BYTES_MAX = 256 * 1024;

/** `{events: [{type, data}], skipped}`: `data` is JSON text, `skipped` counts what is too large. */
export function readPayloads() {
  const webhooks = createRequire(import.meta.url)("@octokit/webhooks-examples");
  const all = webhooks.flatMap(({ name, examples }) =>
    examples.map((payload) => ({
      type: ["github", name, ...(typeof payload.action === "string" ? [payload.action] : [])].join("."),
      data: JSON.stringify(payload),
    })),
  );
  const events = all.filter(({ data }) => Buffer.byteLength(data) <= DATA_BYTES_MAX);
  return { events, skipped: all.length - events.length };
}
