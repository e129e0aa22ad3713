import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { Brush } from "./Brush";
import type { Plot, Stretch } from "./plot";

const MINUTE = 60_000;
const plot: Plot = {
  from: 100 * MINUTE,
  to: 110 * MINUTE,
  bars: Array.from({ length: 10 }, () => ({ succeeded: 1, failed: 0 })),
};
const minutes = (from: number, to: number) => ({ from: from * MINUTE, to: to * MINUTE });
const told = vi.fn<(value: Stretch) => void>();

function show(value: Stretch) {
  render(
    <Brush plot={plot} value={value} onChange={told} height={100}>
      <i data-testid="bars" />
    </Brush>,
  );
  const area = screen.getByTestId("bars").parentElement;
  if (area === null) throw new Error("The bars stand alone");
  // 100 px wide: ten for each bar.
  area.getBoundingClientRect = () => new DOMRect(0, 0, 100, 100);
  area.setPointerCapture = vi.fn();
  return area;
}

beforeEach(() => told.mockReset());

test("a drag tells its window once, at its end", () => {
  const area = show(minutes(100, 110));
  fireEvent.pointerDown(area, { button: 0, clientX: 45, pointerId: 1 });
  fireEvent.pointerMove(area, { clientX: 22, pointerId: 1 });
  expect(told).not.toHaveBeenCalled();
  fireEvent.pointerUp(area, { clientX: 22, pointerId: 1 });
  expect(told.mock.calls).toEqual([[minutes(102, 105)]]);
});

test("a drag that becomes a scroll chooses nothing", () => {
  const area = show(minutes(100, 110));
  fireEvent.pointerDown(area, { button: 0, clientX: 45, pointerId: 1 });
  fireEvent.pointerCancel(area, { pointerId: 1 });
  fireEvent.pointerUp(area, { clientX: 22, pointerId: 1 });
  expect(told).not.toHaveBeenCalled();
});

test("an edge that is dragged leaves the other where it is", () => {
  const area = show(minutes(102, 105));
  const end = screen.getByRole("slider", { name: "End of the window" });
  fireEvent.pointerDown(end, { button: 0, clientX: 50, pointerId: 1 });
  fireEvent.pointerMove(area, { clientX: 78, pointerId: 1 });
  fireEvent.pointerUp(area, { clientX: 78, pointerId: 1 });
  expect(told.mock.calls).toEqual([[minutes(102, 108)]]);
});

test("keys move the edges, which say where they are", () => {
  show(minutes(102, 105));
  const begin = screen.getByRole("slider", { name: "Beginning of the window" });
  expect(begin.getAttribute("aria-valuetext")).toContain("1970");
  expect(begin.getAttribute("aria-valuenow")).toBe("2");
  fireEvent.keyDown(begin, { key: "ArrowRight" });
  fireEvent.keyDown(begin, { key: "Home" });
  fireEvent.keyDown(begin, { key: "x" });
  expect(told.mock.calls).toEqual([[minutes(103, 105)], [minutes(100, 105)]]);
});

test("an edge outside of the picture is not offered", () => {
  show(minutes(50, 105));
  expect(screen.queryByRole("slider", { name: "Beginning of the window" })).toBeNull();
});
