import { infiniteQueryOptions } from "@tanstack/react-query";
import type { TimeSearch, Window } from "../ui/time-range/range";
import { windowOf } from "../ui/time-range/range";
import type { Api } from "./client";

export const PAGE_SIZE = 50;

export interface Page<Row> {
  data: Row[];
  next_cursor: string | null;
}

export type PageQuery = Window & { limit: number; cursor?: string };

/**
 * A list that is loaded page by page. "The last hour" is reckoned once for the first page and kept for the
 * ones after it, so that they are pages of one list; loading anew reckons anew.
 */
export function pages<Row>(
  api: Api,
  noun: string,
  filters: object,
  time: TimeSearch,
  load: (page: PageQuery) => Promise<Page<Row>>,
) {
  return infiniteQueryOptions({
    queryKey: [api.tenant, noun, "list", filters] as const,
    initialPageParam: null as { cursor: string; window: Window } | null,
    queryFn: async ({ pageParam }) => {
      const window = pageParam?.window ?? windowOf(time, new Date());
      const page = await load({ ...window, limit: PAGE_SIZE, cursor: pageParam?.cursor });
      return { ...page, window };
    },
    getNextPageParam: (last) =>
      last.next_cursor === null ? null : { cursor: last.next_cursor, window: last.window },
  });
}
