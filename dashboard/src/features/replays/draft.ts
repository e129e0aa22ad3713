import type { NewReplay } from "../../api/replays";
import { closedWindow, type Span, type TimeSearch } from "../../ui/time-range/range";
import { around, type Stretch } from "./plot";
import type { ReplayDraft } from "./search";

export const STANDARD: Span = "24h";

/** What the API is asked for. A span ends at `now`: what is counted is what is sent later on. */
export function askedOf(draft: ReplayDraft, now: Date): NewReplay {
  const { subscription_id, event_type, failure_reason, rate } = draft;
  const statuses = draft.statuses ?? ["failed"];
  return {
    ...closedWindow(timeOf(draft), now, STANDARD),
    statuses,
    failure_reasons: statuses.includes("failed") ? failure_reason : undefined,
    subscription_id,
    event_types: event_type,
    rate_per_second: rate === undefined ? undefined : Number(rate),
  };
}

export function timeOf({ range, from, to }: ReplayDraft): TimeSearch {
  return { range, from, to };
}

export function stretchOf({ from, to }: { from: string; to: string }): Stretch {
  return { from: Date.parse(from), to: Date.parse(to) };
}

/** What the histogram shows: what one has turned to, else the window itself, two given instants with a margin. */
export function shownOf(draft: ReplayDraft, now: Date): Stretch {
  const window = stretchOf(closedWindow(timeOf(draft), now, STANDARD));
  const { shown_from, shown_to } = draft;
  if (shown_from !== undefined && shown_to !== undefined && shown_from < shown_to) {
    return stretchOf({ from: shown_from, to: shown_to });
  }
  const given = draft.from !== undefined || draft.to !== undefined;
  return given ? around(window, now.getTime()) : window;
}

function written({ from, to }: Stretch): { from: string; to: string } {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** A window that was brushed; the picture stays as it was. */
export function brushed(window: Stretch, shown: Stretch): ReplayDraft {
  return { range: undefined, ...written(window), ...turned(shown) };
}

export function turned(shown: Stretch): ReplayDraft {
  const { from, to } = written(shown);
  return { shown_from: from, shown_to: to };
}

/** The picture follows the window again. */
export const following: ReplayDraft = { shown_from: undefined, shown_to: undefined };
