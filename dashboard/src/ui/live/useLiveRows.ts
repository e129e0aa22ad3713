import { useRef, useState } from "react";
import { merged, noRows, release, tell, type RowKind } from "../../lib/liveRows";

/** A list's rows with those that come meanwhile. */
export function useLiveRows<Row>(kind: RowKind<Row>, listed: Row[]) {
  const [live, setLive] = useState(() => noRows<Row>());
  /** Where the rows begin. */
  const top = useRef<HTMLDivElement>(null);
  const listedKeys = new Set(listed.map(kind.key));

  /** Who has scrolled down reads on where they are: new rows wait for them above. */
  function hold(): boolean {
    return (top.current?.getBoundingClientRect().top ?? 0) < 0;
  }

  return {
    top,
    rows: merged(kind, listed, live.told),
    waiting: live.waiting.size,
    isShown: (key: string) => listedKeys.has(key) || live.told.has(key),
    tell: (rows: Row[]) => {
      const held = hold();
      setLive((before) => tell(kind, before, rows, (key) => listedKeys.has(key), held));
    },
    showWaiting: () => {
      setLive((before) => release(kind, before));
      top.current?.scrollIntoView({ block: "start" });
    },
  };
}
