// What a tab remembers until it is closed. A page inside another site's may be refused the browser's store: then it
// is remembered here, and goes along with the entry of the tab's history when the page is loaded anew.

const here = new Map<string, string>();
const STATE = "kept";

export function kept(name: string): string | null {
  return here.get(name) ?? attempt(() => window.sessionStorage.getItem(name));
}

export function keep(name: string, value: string): void {
  here.set(name, value);
  const stored = attempt(() => {
    window.sessionStorage.setItem(name, value);
    return true;
  });
  if (!stored) goAlong();
}

export function drop(name: string): void {
  here.delete(name);
  attempt(() => window.sessionStorage.removeItem(name));
  takeState();
}

/** Even to name the store can throw. */
function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}

function goAlong(): void {
  // Not `pagehide`: what is written then is too late for the page that comes next.
  window.addEventListener("beforeunload", putState);
}

function putState(): void {
  if (here.size === 0) return;
  const before = window.history.state as object | null;
  window.history.replaceState({ ...before, [STATE]: Object.fromEntries(here) }, "");
}

/** What went along with the history's entry, which it does not stay in. */
function takeState(): Record<string, string> {
  const state = window.history.state as Record<string, unknown> | null;
  if (state === null || !(STATE in state)) return {};
  const { [STATE]: carried, ...rest } = state;
  window.history.replaceState(rest, "");
  return carried as Record<string, string>;
}

for (const [name, value] of Object.entries(takeState())) keep(name, value);
