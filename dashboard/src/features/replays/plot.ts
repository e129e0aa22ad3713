import type { Stats } from "../../api/stats";

/** Attempts over time, as they are drawn: equal bars from one instant to another, in milliseconds. */
export interface Plot {
  from: number;
  to: number;
  bars: { succeeded: number; failed: number }[];
}

export interface Stretch {
  from: number;
  to: number;
}

export function plotOf({ from, to, buckets }: Stats): Plot {
  return { from: Date.parse(from), to: Date.parse(to), bars: buckets };
}

function barMs({ from, to, bars }: Plot): number {
  return (to - from) / Math.max(1, bars.length);
}

/** The border before the bar of that number; the last one ends the plot. */
export function border(plot: Plot, number: number): number {
  return plot.from + barMs(plot) * Math.min(Math.max(0, number), plot.bars.length);
}

/** Where an instant is, from 0 at the left edge to 1 at the right one; what is outside is at the edge. */
export function fraction(plot: Plot, at: number): number {
  const length = plot.to - plot.from;
  return length <= 0 ? 0 : Math.min(Math.max(0, (at - plot.from) / length), 1);
}

/** The number of the bar that is there. */
export function barAt(plot: Plot, at: number): number {
  return Math.min(Math.floor(at * plot.bars.length), plot.bars.length - 1);
}

/** The number of the border that is nearest to there. */
export function borderAt(plot: Plot, at: number): number {
  return Math.round(at * plot.bars.length);
}

/** The bars from one that was begun at to another, in whichever order: both are within. */
export function across(plot: Plot, one: number, other: number): Stretch {
  return { from: border(plot, Math.min(one, other)), to: border(plot, Math.max(one, other) + 1) };
}

/** With one edge put to a border, and at least one bar between the two. */
export function moved(plot: Plot, stretch: Stretch, edge: keyof Stretch, number: number): Stretch {
  const at = border(plot, number);
  return edge === "from"
    ? { from: Math.min(at, border(plot, lastBorderBefore(plot, stretch.to))), to: stretch.to }
    : { from: stretch.from, to: Math.max(at, border(plot, firstBorderAfter(plot, stretch.from))) };
}

/** The border that is `by` away from an edge. One that is on none is first put to the next one. */
export function stepped(plot: Plot, stretch: Stretch, edge: keyof Stretch, by: number): Stretch {
  const at = stretch[edge];
  const number = by > 0 ? firstBorderAfter(plot, at) + by - 1 : lastBorderBefore(plot, at) + by + 1;
  return moved(plot, stretch, edge, number);
}

function position(plot: Plot, at: number): number {
  return (Math.min(Math.max(plot.from, at), plot.to) - plot.from) / barMs(plot);
}

function firstBorderAfter(plot: Plot, at: number): number {
  return Math.floor(position(plot, at)) + 1;
}

function lastBorderBefore(plot: Plot, at: number): number {
  return Math.ceil(position(plot, at)) - 1;
}

/** What the bars come to that the stretch covers, in part or in whole. */
export function covered(plot: Plot, { from, to }: Stretch) {
  const start = Math.floor(position(plot, from));
  const bars = plot.bars.slice(start, Math.max(start, Math.ceil(position(plot, to))));
  return {
    bars: bars.length,
    succeeded: bars.reduce((sum, { succeeded }) => sum + succeeded, 0),
    failed: bars.reduce((sum, { failed }) => sum + failed, 0),
  };
}

const MOST_SHOWN_MS = 100 * 86_400_000;

/** A stretch with as much again on each side, which does not reach beyond `end`. */
export function around({ from, to }: Stretch, end: number): Stretch {
  const length = to - from;
  const margin = Math.min(length, Math.max(0, (MOST_SHOWN_MS - length) / 2));
  const right = Math.min(to + margin, Math.max(end, to));
  return { from: right - length - 2 * margin, to: right };
}
