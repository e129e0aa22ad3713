import { useDocumentVisibility } from "@mantine/hooks";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Api } from "./client";
import type { Delivery } from "./deliveries";
import { follow, type Place, type StreamFilters } from "./stream";

export type LiveState =
  { name: "off" | "connecting" | "open" | "reconnecting" | "paused" } | { name: "refused"; error: unknown };

export interface Told {
  onDeliveries: (deliveries: Delivery[]) => void;
  /** What is listed may lack some: load it anew. */
  onGap: () => void;
}

/** So often what has come is handed over: a row that is drawn for each would be too many. */
const GATHER_MS = 500;

/**
 * Follows deliveries while `on`, and while somebody looks: in a tab that is hidden it pauses, and goes on where it was.
 */
export function useLive(api: Api, on: boolean, filters: StreamFilters, told: Told): LiveState {
  const visible = useDocumentVisibility() === "visible";
  const [state, setState] = useState<{ of: string; state: LiveState }>();
  const place = useRef<{ of: string } & Place>({ of: "", lastId: undefined });
  const onDeliveries = useEffectEvent(told.onDeliveries);
  const onGap = useEffectEvent(told.onGap);
  const written = JSON.stringify(filters);
  const of = `${api.tenant ?? ""} ${written}`;
  const active = on && visible;

  useEffect(() => {
    if (!active) return;
    // Other filters make another stream, which cannot go on where the former was.
    if (place.current.of !== of) place.current = { of, lastId: undefined };
    const stopped = new AbortController();
    const enter = (next: LiveState) => setState({ of, state: next });
    let gathered: Delivery[] = [];
    const handOver = () => {
      if (gathered.length > 0) onDeliveries(gathered);
      gathered = [];
    };
    const timer = setInterval(handOver, GATHER_MS);
    const listener = {
      onOpen: (resumed: boolean) => {
        enter({ name: "open" });
        // What came between the list and the stream is in neither.
        if (!resumed) onGap();
      },
      onDelivery: (delivery: Delivery) => void gathered.push(delivery),
      onGap: () => onGap(),
      onBreak: () => enter({ name: "reconnecting" }),
    };
    follow(api, JSON.parse(written) as StreamFilters, listener, place.current, stopped.signal).catch(
      (error: unknown) => enter({ name: "refused", error }),
    );
    return () => {
      stopped.abort();
      clearInterval(timer);
      handOver();
      setState(undefined);
    };
  }, [active, api, of, written]);

  if (!on) return { name: "off" };
  if (!visible) return { name: "paused" };
  return state?.of === of ? state.state : { name: "connecting" };
}
