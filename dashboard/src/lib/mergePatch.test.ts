import { expect, test } from "vitest";
import { mergePatch } from "./mergePatch";

const text = (before: string, after: string) => mergePatch(before, after).text;

test("what is the same is not named, however it is laid out", () => {
  expect(text('{"a":1,"b":[1,2],"c":{"d":null}}', '{ "c": {"d": null}, "b": [1, 2],\n"a": 1 }')).toBeNull();
});

test("what is gone is null, and what is new or other is as it is written", () => {
  expect(text('{"a":1,"b":2}', '{"b":1.0,"n":12345678901234567890}')).toBe(
    '{"a":null,"b":1.0,"n":12345678901234567890}',
  );
});

test("objects are patched within, lists as a whole", () => {
  expect(text('{"o":{"a":1,"b":2},"l":[1]}', '{"o":{"a":1},"l":[null]}')).toBe('{"o":{"b":null},"l":[null]}');
  expect(text('{"o":1}', '{"o":{}}')).toBe('{"o":{}}');
  expect(text('{"o":{"a":1}}', '{"o":1}')).toBe('{"o":1}');
});

test("a null cannot be said", () => {
  expect(mergePatch('{"a":1}', '{"a":null,"b":{"c/d":null}}').unsaid).toEqual(["/a", "/b/c~1d"]);
  expect(mergePatch('{"a":null}', '{"a":null}').unsaid).toEqual([]);
});
