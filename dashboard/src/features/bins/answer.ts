import type { Bin } from "../../api/bins";
import { ms } from "../../ui/figures";

/** What a bin answers, in words. */
export function answerOf({ response: { status, delay_ms } }: Bin): string {
  return delay_ms === 0 ? `${status} at once` : `${status} after ${ms(delay_ms)}`;
}
