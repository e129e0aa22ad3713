import { cache } from "../../api/cache";
import type { Api } from "../../api/client";
import { useLive, type LiveState } from "../../api/useLive";
import type { TimeSearch } from "../../ui/time-range/range";
import { failingQuery, withTold } from "./failing";
import { useReload } from "./useReload";

/** Every delivery is a reason to load figures anew. */
const every = {};

/** Keeps what the overview shows up with what happens. Where no stream can be opened, it is loaded now and then. */
export function useLiveFigures(api: Api, time: TimeSearch): LiveState {
  // Figures of a time that is over do not change.
  const reload = useReload(api, time.to === undefined ? ["stats", "lanes"] : ["lanes"]);
  const { queryKey } = failingQuery(api, true);
  return useLive(api, true, every, {
    onDeliveries: (told) => {
      const at = Date.now();
      cache.setQueryData(queryKey, (rows) => (rows === undefined ? rows : withTold(rows, told, at)));
      reload();
    },
    onGap: () => {
      void cache.invalidateQueries({ queryKey }, { cancelRefetch: false });
      reload();
    },
  });
}
