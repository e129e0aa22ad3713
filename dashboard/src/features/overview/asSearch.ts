import type { Span, TimeSearch } from "../../ui/time-range/range";

/** The time for a link to a list, where an address without one means all time. */
export function asSearch(time: TimeSearch, standard: Span): TimeSearch {
  const isNamed = time.range !== undefined || time.from !== undefined || time.to !== undefined;
  return isNamed ? time : { range: standard };
}
