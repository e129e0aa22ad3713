import { expect, test } from "vitest";
import { placeOf } from "./place";

test("a fault is told with its line and a mark below its place", () => {
  const place = placeOf("data.amount > 1\n\t&& foo(1)", "line 2, column 5: there is no function foo");
  expect(place).toMatchObject({ line: 2, column: 5, reason: "there is no function foo" });
  expect(place?.shown).toBe("\t&& foo(1)\n\t   ^");
});

test("characters count, not their parts", () => {
  expect(placeOf('data.x == "😀" >', "line 1, column 15: Syntax error")?.shown).toBe(
    `data.x == "😀" >\n${" ".repeat(14)}^`,
  );
});

test("what names no place is left as it is", () => {
  expect(placeOf("true", "must have at most 64 operators")).toBeNull();
  expect(placeOf("true", "line 7, column 1: gone")).toBeNull();
});
