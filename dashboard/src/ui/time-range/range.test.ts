import { describe, expect, test } from "vitest";
import { closedWindow, previousWindow, timeSearch, windowOf } from "./range";

const now = new Date("2026-01-21T12:00:00.000Z");

describe("the time in the address", () => {
  test("is a span that is known", () => {
    expect(timeSearch({ range: "24h" })).toEqual({ range: "24h" });
    expect(timeSearch({ range: "24 h" }).range).toBeUndefined();
  });

  test("is instants rather than a span, in UTC", () => {
    expect(timeSearch({ range: "1h", from: "2026-01-21T12:00:00+02:00" })).toEqual({
      from: "2026-01-21T10:00:00.000Z",
      to: undefined,
    });
  });

  test("is left out when it cannot be read", () => {
    expect(timeSearch({ from: "yesterday", to: ["a", "b"] })).toEqual({ range: undefined });
  });
});

describe("the window asked for", () => {
  test("of a span ends now, and so names no end", () => {
    expect(windowOf({ range: "1h" }, now)).toEqual({ from: "2026-01-21T11:00:00.000Z" });
  });

  test("of no time is open at both ends", () => {
    expect(windowOf({}, now)).toEqual({ from: undefined, to: undefined });
  });

  test("for figures is closed, by the standard span where nothing is said", () => {
    expect(closedWindow({}, now, "24h")).toEqual({
      from: "2026-01-20T12:00:00.000Z",
      to: "2026-01-21T12:00:00.000Z",
    });
    expect(closedWindow({ to: "2026-01-10T00:00:00.000Z" }, now, "1h").from).toBe("2026-01-09T23:00:00.000Z");
  });

  test("before it is as long and ends where it begins", () => {
    const window = { from: "2026-01-21T10:00:00.000Z", to: "2026-01-21T12:00:00.000Z" };
    expect(previousWindow(window)).toEqual({
      from: "2026-01-21T08:00:00.000Z",
      to: "2026-01-21T10:00:00.000Z",
    });
  });
});
