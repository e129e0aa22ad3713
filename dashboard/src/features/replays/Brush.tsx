import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { instantText } from "../../ui/When";
import { across, barAt, borderAt, fraction, moved, stepped, type Plot, type Stretch } from "./plot";
import classes from "./Histogram.module.css";

interface Props {
  plot: Plot;
  value: Stretch;
  /** Told once a drag has ended, and with each press of a key. */
  onChange: (value: Stretch) => void;
  height: number;
  children: ReactNode;
}

/** What the pointer has hold of: an edge, or a new stretch by the bar that it was begun at. */
type Held = { edge: keyof Stretch } | { bar: number };

/** Chooses a stretch of a plot by dragging over it or by its two edges, which are sliders to keyboards. */
export function Brush({ plot, value, onChange, height, children }: Props) {
  const [drawn, setDrawn] = useState<Stretch | null>(null);
  const held = useRef<Held | null>(null);
  const shown = drawn ?? value;

  function at(event: PointerEvent<HTMLElement>): number {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return width <= 0 ? 0 : Math.min(Math.max(0, (event.clientX - left) / width), 1);
  }

  function drawnTo(place: number, of: Held): Stretch {
    return "edge" in of
      ? moved(plot, value, of.edge, borderAt(plot, place))
      : across(plot, of.bar, barAt(plot, place));
  }

  function grip(event: PointerEvent<HTMLElement>) {
    if (event.button !== 0 || plot.bars.length === 0) return;
    const edge = event.target instanceof HTMLElement ? event.target.dataset.edge : undefined;
    const place = at(event);
    held.current = edge === "from" || edge === "to" ? { edge } : { bar: barAt(plot, place) };
    event.currentTarget.setPointerCapture(event.pointerId);
    // An edge stays where it is until it is dragged; elsewhere the bar below the pointer is chosen at once.
    if ("bar" in held.current) setDrawn(drawnTo(place, held.current));
  }

  function drag(event: PointerEvent<HTMLElement>) {
    if (held.current !== null) setDrawn(drawnTo(at(event), held.current));
  }

  function release() {
    held.current = null;
    setDrawn(null);
    if (drawn !== null) onChange(drawn);
  }

  function drop() {
    held.current = null;
    setDrawn(null);
  }

  const left = fraction(plot, shown.from);
  const right = fraction(plot, shown.to);
  return (
    <div
      className={classes.plot}
      style={{ height }}
      onPointerDown={grip}
      onPointerMove={drag}
      onPointerUp={release}
      // The page scrolls instead, or the browser has taken the finger otherwise.
      onPointerCancel={drop}
    >
      <div className={classes.chosen} style={{ left: percent(left), width: percent(right - left) }} />
      {children}
      {(["from", "to"] as const).map((edge) => (
        <Handle
          key={edge}
          plot={plot}
          value={shown}
          edge={edge}
          onStep={(by) => onChange(stepped(plot, value, edge, by))}
        />
      ))}
    </div>
  );
}

interface HandleProps {
  plot: Plot;
  value: Stretch;
  edge: keyof Stretch;
  onStep: (by: number) => void;
}

function Handle({ plot, value, edge, onStep }: HandleProps) {
  const at = value[edge];
  // What is not in the picture cannot be taken hold of.
  if (at < plot.from || at > plot.to) return null;
  const bars = plot.bars.length;
  const place = fraction(plot, at);

  function press(event: KeyboardEvent) {
    const by = steps(bars)[event.key];
    if (by === undefined) return;
    event.preventDefault(); // Arrows would scroll the page.
    onStep(by);
  }

  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label={edge === "from" ? "Beginning of the window" : "End of the window"}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={bars}
      aria-valuenow={borderAt(plot, place)}
      aria-valuetext={instantText(at)}
      data-edge={edge}
      className={classes.handle}
      style={{ left: percent(place) }}
      onKeyDown={press}
    />
  );
}

/** How many bars a key moves an edge by; it stops at the plot's end and at the other edge by itself. */
function steps(bars: number): Partial<Record<string, number>> {
  const page = Math.max(1, Math.round(bars / 10));
  return {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -page,
    PageUp: page,
    Home: -bars,
    End: bars,
  };
}

function percent(part: number): string {
  return `${100 * part}%`;
}
