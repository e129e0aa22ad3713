export interface Paced {
  /** There is a reason to run. */
  ask: () => void;
  stop: () => void;
}

/** What takes long is let rest so many times as long: it shall not keep the server busy all the time. */
const RESTS = 4;

/**
 * Runs when it is asked to, and again `everyMs` after it is done at the earliest, however often it is asked. Once
 * nobody asks any more it runs once again after `settledMs`: what is told may lag behind the reason to ask.
 */
export function atMostEvery(everyMs: number, settledMs: number, run: () => Promise<unknown>): Paced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let asked = false;
  let stopped = false;

  function later(ms: number, then: () => void) {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(then, ms);
  }

  function go(isLast: boolean) {
    busy = true;
    asked = false;
    const begun = Date.now();
    const rest = () => {
      later(Math.max(everyMs, RESTS * (Date.now() - begun)), () => {
        busy = false;
        if (asked) go(false);
        else if (!isLast) later(Math.max(0, settledMs - everyMs), () => go(true));
      });
    };
    run().then(rest, rest);
  }

  return {
    ask: () => {
      asked = true;
      if (!busy && !stopped) {
        clearTimeout(timer);
        go(false);
      }
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
