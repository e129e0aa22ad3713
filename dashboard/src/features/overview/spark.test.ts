import { expect, test } from "vitest";
import { steps } from "./Spark";

test("each stretch is a step as high as its share, and one with little is still to be seen", () => {
  expect(steps([0, 1])).toBe("M0 32L0 32H60L60 0H120V32Z");
  expect(steps([0.001])).toBe("M0 32L0 29.44H120V32Z");
  expect(steps([])).toBe("M0 32V32Z");
});
