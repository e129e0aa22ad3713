import { useEffect, useRef } from "react";
import { cache } from "../../api/cache";
import type { Api } from "../../api/client";
import { atMostEvery, type Paced } from "./atMostEvery";

const EVERY_MS = 2_000;
/** Figures tell of an attempt within five seconds. */
const SETTLED_MS = 6_000;

/** A function that has what is shown of some nouns loaded anew, soon but not too often. */
export function useReload(api: Api, nouns: readonly string[]): () => void {
  const paced = useRef<Paced>(undefined);
  const written = nouns.join(" ");
  useEffect(() => {
    const reload = (noun: string) =>
      // A request that takes long is not begun anew all the time.
      cache.invalidateQueries({ queryKey: [api.tenant, noun] }, { cancelRefetch: false });
    const made = atMostEvery(EVERY_MS, SETTLED_MS, () => Promise.all(written.split(" ").map(reload)));
    paced.current = made;
    return () => made.stop();
  }, [api, written]);
  return () => paced.current?.ask();
}
