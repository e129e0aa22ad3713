import { afterEach, expect, test, vi } from "vitest";
import { drop, keep, kept } from "./kept";

afterEach(() => {
  vi.restoreAllMocks();
  drop("a");
});

function refuseStore() {
  vi.spyOn(window, "sessionStorage", "get").mockImplementation(() => {
    throw new DOMException("denied", "SecurityError");
  });
}

test("what is kept is in the tab's store until it is dropped", () => {
  expect(kept("a")).toBe(null);
  keep("a", "1");
  expect(window.sessionStorage.getItem("a")).toBe("1");
  expect(kept("a")).toBe("1");
  window.dispatchEvent(new Event("beforeunload"));
  expect(window.history.state).toBe(null);
  drop("a");
  expect(window.sessionStorage.getItem("a")).toBe(null);
  expect(kept("a")).toBe(null);
});

test("where there is no store it is kept all the same, and over a reload", async () => {
  refuseStore();
  expect(kept("a")).toBe(null);
  window.history.replaceState({ index: 1 }, "");
  keep("a", "1");
  expect(kept("a")).toBe("1");

  window.dispatchEvent(new Event("beforeunload"));
  vi.resetModules();
  const anew = await import("./kept");
  expect(anew.kept("a")).toBe("1");
  expect(window.history.state).toEqual({ index: 1 });
  anew.drop("a");
  expect(anew.kept("a")).toBe(null);
});

test("what was dropped does not come back with the history", () => {
  refuseStore();
  keep("a", "1");
  window.dispatchEvent(new Event("beforeunload"));
  drop("a");
  expect(JSON.stringify(window.history.state)).not.toContain("kept");
});
