import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { closeNow, listen } from "./listen";

/** One origin for the program's API and for pages that are not (yet) in the program. */
export interface Front {
  url: string;
  /** Says where the program is. */
  lead: (address: string) => void;
  close: () => void;
}

/** What the program answers whatever pages there are. */
const OF_THE_PROGRAM = /^\/(api|in|bin|docs|healthz|readyz|metrics|openapi\.json)(\/|\?|$)/;

/**
 * For who works at the dashboard: its pages come from `pages` (`npx vite preview`, say), the rest from the program, so
 * that nothing has to be compiled for a change to be tested. Without `pages` there is no front.
 */
export async function frontOf(pages: string | undefined): Promise<Front | null> {
  if (pages === undefined) return null;
  let program = "";
  const server = createServer((asked, answer) => {
    if (OF_THE_PROGRAM.test(asked.url ?? "")) pass(asked, answer, program);
    else void policyOf(program, asked).then((headers) => pass(asked, answer, pages, headers));
  });
  const url = await listen(server);
  return { url, lead: (address) => (program = address), close: () => closeNow(server) };
}

function pass(asked: IncomingMessage, answer: ServerResponse, to: string, more: Record<string, string> = {}) {
  const { method, url: path, headers } = asked;
  const { hostname, port } = new URL(to);
  const passed = ask({ hostname, port, method, path, headers }, (came) => {
    answer.writeHead(came.statusCode ?? 502, { ...came.headers, ...more });
    came.pipe(answer);
  });
  passed.on("error", () => answer.destroy());
  answer.on("close", () => passed.destroy());
  asked.pipe(passed);
}

const ITS_OWN = ["content-security-policy", "referrer-policy", "cross-origin-opener-policy"];

/** The headers that the program gives its own pages hold for these too. */
async function policyOf(program: string, { url = "/" }: IncomingMessage): Promise<Record<string, string>> {
  const page = new URL(url.startsWith("/portal") ? "/portal" : "/", program);
  const { headers } = await fetch(page, { headers: { connection: "close" } });
  return Object.fromEntries(ITS_OWN.map((name) => [name, headers.get(name) ?? ""]));
}
