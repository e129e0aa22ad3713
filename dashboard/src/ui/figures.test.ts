import { expect, test } from "vitest";
import { against, successRate } from "./figures";

test("100 % means every one", () => {
  expect(successRate({ attempts: 1_000_000, succeeded: 999_999 })).toBe("99.99 %");
  expect(successRate({ attempts: 3, succeeded: 3 })).toBe("100 %");
  expect(successRate({ attempts: 0, succeeded: 0 })).toBe("–");
});

test("a figure is told against the one before, where there is one", () => {
  expect(against(150, 100)).toBe("+50 % against before");
  expect(against(50, 100)).toBe("−50 % against before");
  expect(against(7, 0)).toBe("none before");
  expect(against(0, 0)).toBe("as before");
  expect(against(null, 20)).toBe("none now");
});
