/** A word that a POSIX shell takes as it is, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

interface Request {
  url: string;
  headers: Record<string, string>;
  /** The body as sent; `null` when it cannot be told, and is then read from a file. */
  body: string | null;
}

/** These curl writes by itself; given twice, or for another body, they would break the request. */
const written = ["content-length", "host", "connection", "transfer-encoding", "accept-encoding"];

/** The command that sends the request again. */
export function curlOf({ url, headers, body }: Request): string {
  const parts = ["curl --globoff -X POST", quoted(url)];
  for (const [name, value] of Object.entries(headers)) {
    if (written.includes(name.toLowerCase())) continue;
    // curl leaves a header out when nothing follows the colon; a semicolon sends it empty.
    parts.push(`-H ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`);
  }
  parts.push(body === null ? "--data-binary @body" : `--data-raw ${quoted(body)}`);
  return parts.join(" \\\n  ");
}
