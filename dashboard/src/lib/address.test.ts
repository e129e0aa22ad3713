import { describe, expect, test } from "vitest";
import { parseSearch, safeNext, stringifySearch } from "./address";

test("search params survive being written and read", () => {
  const search = { tenant: "ten_1", status: ["failed", "retrying"], event_type: "a&b=c d", code: "123" };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
});

test("nothing is written of what is not there", () => {
  expect(stringifySearch({ tenant: undefined, status: [] })).toBe("");
});

describe("where sign-in leads", () => {
  test("is a path of this site with all it says", () => {
    expect(safeNext("/deliveries?status=failed")).toBe("/deliveries?status=failed");
  });

  test("is never another site", () => {
    for (const next of [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "javascript:x",
      undefined,
    ]) {
      expect(safeNext(next)).toBe("/");
    }
  });
});
