import { afterEach, expect, test, vi } from "vitest";
import { drop, keep, kept } from "./kept";

afterEach(() => {
  vi.restoreAllMocks();
  drop("a");
});

test("what is kept is in the tab's store until it is dropped", () => {
  expect(kept("a")).toBe(null);
  keep("a", "1");
  expect(window.sessionStorage.getItem("a")).toBe("1");
  expect(kept("a")).toBe("1");
  drop("a");
  expect(window.sessionStorage.getItem("a")).toBe(null);
  expect(kept("a")).toBe(null);
});

test("where there is no store it is kept all the same", () => {
  vi.spyOn(window, "sessionStorage", "get").mockImplementation(() => {
    throw new DOMException("denied", "SecurityError");
  });
  expect(kept("a")).toBe(null);
  keep("a", "1");
  expect(kept("a")).toBe("1");
  drop("a");
  expect(kept("a")).toBe(null);
});
