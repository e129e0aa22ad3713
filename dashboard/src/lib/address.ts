// Search params as other programs write them: a list is a name that comes more than once, and nothing is quoted.

export function parseSearch(search: string): Record<string, string | string[]> {
  const parsed: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const before = parsed[name];
    if (before === undefined) parsed[name] = value;
    else parsed[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return parsed;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof one === "string") params.append(name, one);
    }
  }
  const written = params.toString();
  return written === "" ? "" : `?${written}`;
}

/** Where sign-in leads: a path of this site, and nothing that a browser could take for another. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : "/";
}
