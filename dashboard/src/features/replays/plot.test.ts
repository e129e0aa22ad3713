import { describe, expect, test } from "vitest";
import { across, around, covered, moved, stepped, type Plot } from "./plot";

const MINUTE = 60_000;
/** Ten minutes from minute 100 on. */
const plot: Plot = {
  from: 100 * MINUTE,
  to: 110 * MINUTE,
  bars: Array.from({ length: 10 }, (_, number) => ({ succeeded: number, failed: 1 })),
};
const minutes = (from: number, to: number) => ({ from: from * MINUTE, to: to * MINUTE });

test("a drag covers the bars that it began and ended in, in either direction", () => {
  expect(across(plot, 2, 4)).toEqual(minutes(102, 105));
  expect(across(plot, 4, 2)).toEqual(minutes(102, 105));
  expect(across(plot, 9, 9)).toEqual(minutes(109, 110));
});

test("an edge stops before the other one and at the end of the plot", () => {
  expect(moved(plot, minutes(102, 105), "from", 9)).toEqual(minutes(104, 105));
  expect(moved(plot, minutes(102, 105), "to", 0)).toEqual(minutes(102, 103));
  expect(moved(plot, minutes(102, 105), "to", 99)).toEqual(minutes(102, 110));
});

describe("a key", () => {
  test("moves an edge from border to border", () => {
    expect(stepped(plot, minutes(102, 105), "from", 1)).toEqual(minutes(103, 105));
    expect(stepped(plot, minutes(102, 105), "to", -1)).toEqual(minutes(102, 104));
    expect(stepped(plot, minutes(102, 105), "from", -10)).toEqual(minutes(100, 105));
  });

  test("puts an edge between two borders to the next one first", () => {
    expect(stepped(plot, minutes(102.5, 105.2), "from", 1)).toEqual(minutes(103, 105.2));
    expect(stepped(plot, minutes(102.5, 105.2), "from", -1)).toEqual(minutes(102, 105.2));
    expect(stepped(plot, minutes(102.5, 105.2), "to", 1)).toEqual(minutes(102.5, 106));
  });

  test("moves what reaches beyond the plot", () => {
    expect(stepped(plot, minutes(50, 105), "to", 1)).toEqual(minutes(50, 106));
    expect(stepped(plot, minutes(105, 200), "from", -1)).toEqual(minutes(104, 200));
  });
});

test("what is covered in part counts", () => {
  expect(covered(plot, minutes(102.5, 104.1))).toEqual({ bars: 3, succeeded: 9, failed: 3 });
  expect(covered(plot, minutes(10, 20))).toMatchObject({ bars: 0 });
  expect(covered(plot, minutes(10, 200))).toMatchObject({ bars: 10 });
});

test("the picture around a window has it within and does not reach beyond now", () => {
  expect(around(minutes(100, 110), 1_000 * MINUTE)).toEqual(minutes(90, 120));
  expect(around(minutes(100, 110), 112 * MINUTE)).toEqual(minutes(82, 112));
  const year = minutes(0, 365 * 1440);
  const shown = around(year, 365 * 1440 * MINUTE);
  expect(shown.from).toBeLessThanOrEqual(year.from);
  expect(shown.to).toBeGreaterThanOrEqual(year.to);
});
