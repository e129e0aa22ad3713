// JSON as text. `JSON.parse` loses what a developer may be looking for: digits of large numbers, the order of keys
// that look like numbers, keys that come twice, the form of escapes. So the text is shown, never what was parsed.

/** The text of a member of the object that `json` is, byte for byte; `null` when it has none. */
export function member(json: string, name: string): string | null {
  for (const part of parts(json, skipSpace(json, 0))) {
    if (part.name === name) return json.slice(part.start, part.end);
  }
  return null;
}

/** The texts of the elements of the array that `json` is. */
export function elements(json: string): string[] {
  return [...parts(json, skipSpace(json, 0))].map(({ start, end }) => json.slice(start, end));
}

/** The texts of the members of the object that `json` is, by their names. */
export function members(json: string): Map<string, string> {
  const found = [...parts(json, skipSpace(json, 0))];
  return new Map(found.map(({ name, start, end }) => [name, json.slice(start, end)]));
}

/** The object that `json` is, which has no such member, with one more; `null` is none. */
export function withMember(json: string, name: string, text: string | null): string {
  if (text === null) return json;
  const comma = members(json).size === 0 ? "" : ",";
  return `${json.slice(0, json.lastIndexOf("}"))}${comma}${JSON.stringify(name)}:${text}}`;
}

/** In which line, from 1, the value stands that a JSON Pointer leads to, or the last one on the way that is there. */
export function lineOf(json: string, pointer: string): number {
  let at = skipSpace(json, 0);
  for (const name of pointerParts(pointer)) {
    const next = [...parts(json, at)].find((part) => part.name === name);
    if (next === undefined) break;
    at = next.start;
  }
  return json.slice(0, at).split("\n").length;
}

/** RFC 6901: `~1` is a slash and `~0` a tilde, undone in this order. */
export function pointerParts(pointer: string): string[] {
  const written = pointer.split("/").slice(1);
  return written.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
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

interface Part {
  /** Of a member its name, of an element its index. */
  name: string;
  start: number;
  end: number;
}

/** What is in the object or array that begins at `at`; any other value has nothing in it. */
function* parts(json: string, at: number): Generator<Part> {
  const isObject = json[at] === "{";
  if (!isObject && json[at] !== "[") return;
  let start = skipSpace(json, at + 1);
  for (let index = 0; start < json.length && !"]}".includes(json.charAt(start)); index++) {
    let name = String(index);
    if (isObject) {
      const nameEnd = stringEnd(json, start);
      name = String(JSON.parse(json.slice(start, nameEnd)));
      start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    }
    const end = valueEnd(json, start);
    yield { name, start, end };
    start = skipSpace(json, end);
    if (json[start] !== ",") return;
    start = skipSpace(json, start + 1);
  }
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
