import { vi } from "vitest";
import type { Seen } from "./server";

/** A stream of the server, which is written to by hand. */
export interface FakeStream {
  request: Pick<Seen, "headers" | "query">;
  send: (text: string) => void;
  /** The server ends it. */
  end: () => void;
  /** The connection breaks. */
  tear: () => void;
  aborted: () => boolean;
}

/** Stands in for `GET /stream`; everything else goes to what `fetch` was before. */
export function fakeStreams() {
  const streams: FakeStream[] = [];
  const others = globalThis.fetch;
  /** What the next ones are answered with instead of a stream. */
  const refusals: (Response | Error)[] = [];
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (!url.pathname.endsWith("/stream")) return others(input, init);
    const refusal = refusals.shift();
    if (refusal instanceof Error) return Promise.reject(refusal);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const { headers, signal } = request;
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        signal.addEventListener("abort", () => controller.error(new DOMException("Aborted", "AbortError")));
        streams.push({
          request: { headers, query: url.searchParams },
          send: (text) => controller.enqueue(encoder.encode(text)),
          end: () => controller.close(),
          tear: () => controller.error(new TypeError("network error")),
          aborted: () => signal.aborted,
        });
      },
    });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
  });
  return { streams, refusals };
}

export function deliveryEvent(delivery: object, id = "1"): string {
  return `id: ${id}\nevent: delivery\ndata: ${JSON.stringify(delivery)}\n\n`;
}
