// What a tab remembers until it is closed. A page inside another site's may be refused the browser's store: then it
// is remembered until the page is loaded anew.

const here = new Map<string, string>();

export function kept(name: string): string | null {
  return here.get(name) ?? attempt(() => window.sessionStorage.getItem(name));
}

export function keep(name: string, value: string): void {
  here.set(name, value);
  attempt(() => window.sessionStorage.setItem(name, value));
}

export function drop(name: string): void {
  here.delete(name);
  attempt(() => window.sessionStorage.removeItem(name));
}

/** Even to name the store can throw. */
function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
