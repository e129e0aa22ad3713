import { expect, test } from "vitest";
import { EventParser, texts } from "./sse";

/** What is parsed of a text that comes in pieces. */
function parsed(...pieces: string[]) {
  const parser = new EventParser();
  return { events: pieces.flatMap((piece) => parser.push(piece)), parser };
}

test("an event is told once it is complete", () => {
  const { events, parser } = parsed(
    "retry: 2000\nid: 7\n: open\n\nevent: deli",
    "very\ndata: {",
    "}\n",
    "\n",
  );
  expect(events).toEqual([{ type: "delivery", data: "{}" }]);
  expect(parser.lastId).toBe("7");
  expect(parser.retryMs).toBe(2_000);
});

test("lines end in any of the three ways, also across pieces", () => {
  expect(parsed("data: a\r", "\ndata: b\r\n\r", "\ndata:c\r\rdata: d\n\n").events).toEqual([
    { type: "message", data: "a\nb" },
    { type: "message", data: "c" },
    { type: "message", data: "d" },
  ]);
});

test("comments, unknown fields, and events without data are none", () => {
  const { events, parser } = parsed(": still here\n\nevent: gap\n\nid: 9\nwhat: x\nretry: 1s\n\ndata\n\n");
  expect(events).toEqual([{ type: "message", data: "" }]);
  expect(parser.lastId).toBe("9");
  expect(parser.retryMs).toBeUndefined();
});

test("characters that are cut in two are put together", async () => {
  const bytes = new TextEncoder().encode("data: é\n\n");
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const parser = new EventParser();
  const events = [];
  for await (const text of texts(stream)) events.push(...parser.push(text));
  expect(events).toEqual([{ type: "message", data: "é" }]);
});
