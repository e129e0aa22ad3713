import { expect, test } from "vitest";
import { waitSeconds, waitText } from "./schedule";

test("a wait is read as it is written", () => {
  for (const seconds of [0.1, 5, 30, 90, 120, 600, 3_600, 604_800]) {
    expect(waitSeconds(waitText(seconds))).toBe(seconds);
  }
  expect([5, 90, 120, 5_400, 172_800].map(waitText)).toEqual(["5s", "90s", "2m", "90m", "2d"]);
});

test("a number alone is of seconds, and what is no length is told apart", () => {
  expect(["7", " .5 s", "250ms", "2 min"].map(waitSeconds)).toEqual([7, 0.5, 0.25, 120]);
  expect(["", "soon", "-5", "5 s s", "1e3"].map(waitSeconds)).toEqual([null, null, null, null, null]);
});
