import { expect, test } from "vitest";
import { bytesOf, formsOf, hexOf, shownAs } from "./body";

const text = (body: string) => ({ body, body_base64: null });

test("bytes are those that came", () => {
  expect([...bytesOf(text("é\n"))]).toEqual([0xc3, 0xa9, 0x0a]);
  expect([...bytesOf({ body: "\u{fffd}A", body_base64: "/0E=" })]).toEqual([0xff, 0x41]);
});

test("what is no text is shown as bytes, and JSON laid out", () => {
  expect(formsOf(text('{"n":1.0}'))[0]).toBe("pretty");
  expect(formsOf(text("a=1&b=2"))[0]).toBe("text");
  expect(formsOf({ body: "\u{fffd}", body_base64: "/w==" })[0]).toBe("hex");
  expect(shownAs("pretty", text('{"n":12345678901234567890}'))).toContain("12345678901234567890");
  expect(shownAs("base64", text("é"))).toBe("w6k=");
});

test("hex has sixteen bytes a line, and what can be read beside them", () => {
  const bytes = new TextEncoder().encode("0123456789abcdef\n|");
  expect(hexOf(bytes).split("\n")).toEqual([
    "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|",
    `00000010  0a 7c${" ".repeat(43)}  |.||`,
  ]);
  expect(hexOf(new Uint8Array())).toBe("");
});
