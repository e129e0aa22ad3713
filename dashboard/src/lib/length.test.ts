import { expect, test } from "vitest";
import { lengthText } from "./length";

test("a length is told by its two largest units, without a gap between them", () => {
  expect(lengthText(86_400_000)).toBe("1 day");
  expect(lengthText(86_400_000 + 3 * 3_600_000 + 59_000)).toBe("1 day 3 hours");
  expect(lengthText(86_400_000 + 3_000)).toBe("1 day");
  expect(lengthText(2 * 3_600_000 + 60_000)).toBe("2 hours 1 minute");
  expect(lengthText(59_700)).toBe("1 minute");
  expect(lengthText(80)).toBe("less than a second");
});
