// JSON as text. `JSON.parse` loses what a developer may be looking for: digits of large numbers, the order of keys
// that look like numbers, keys that come twice, the form of escapes. So the text is shown, never what was parsed.

/** The text of a member of the object that `json` is, byte for byte; `null` when it has none. */
export function member(json: string, name: string): string | null {
  let at = skipSpace(json, 0);
  if (json[at] !== "{") return null;
  at = skipSpace(json, at + 1);
  while (json[at] === '"') {
    const keyEnd = stringEnd(json, at);
    const key: unknown = JSON.parse(json.slice(at, keyEnd));
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = valueEnd(json, start);
    if (key === name) return json.slice(start, end);
    at = skipSpace(json, end);
    if (json[at] !== ",") break;
    at = skipSpace(json, at + 1);
  }
  return null;
}

/** The same JSON with line breaks and indents; strings and numbers stay as they are written. */
export function pretty(json: string): string {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = skipSpace(json, 0); at < json.length; at = skipSpace(json, at)) {
    const char = json.charAt(at);
    if (char === '"') {
      const end = stringEnd(json, at);
      out += json.slice(at, end);
      at = end;
      continue;
    }
    at++;
    if (char === "{" || char === "[") {
      const inside = skipSpace(json, at);
      const close = json.charAt(inside);
      if (close === "}" || close === "]") {
        out += char + close;
        at = inside + 1;
      } else {
        depth++;
        out += char + line();
      }
    } else if (char === "}" || char === "]") {
      depth--;
      out += line() + char;
    } else if (char === ",") {
      out += char + line();
    } else {
      out += char === ":" ? ": " : char;
    }
  }
  return out;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && " \t\n\r".includes(json.charAt(at))) at++;
  return at;
}

/** Right after the string that begins at `start`. */
function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, json.length);
}

/** Right after the value that begins at `start`. */
function valueEnd(json: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const char = json.charAt(at);
    if (char === '"') {
      at = stringEnd(json, at);
    } else if (char === "{" || char === "[") {
      depth++;
      at++;
    } else if (char === "}" || char === "]") {
      if (depth === 0) return at;
      depth--;
      at++;
    } else if (depth === 0 && ", \t\n\r".includes(char)) {
      return at;
    } else {
      at++;
      continue;
    }
    if (depth === 0) return at;
  }
  return at;
}
