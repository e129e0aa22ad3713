import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { closeNow, listen } from "./listen";

export interface Arrival {
  headers: IncomingHttpHeaders;
  body: string;
}

/** How a receiver answers the nth request (from 1) of one delivery. */
export type Mood = (answer: ServerResponse, nth: number) => void;

const status =
  (code: number, headers: Record<string, string> = {}): Mood =>
  (answer) =>
    answer.writeHead(code, headers).end();

export const good: Mood = (answer) =>
  answer.writeHead(200, { "content-type": "text/plain" }).end("thank you");

// Who names a time is there: its failures open no circuit. Zero is sooner than any step of a schedule.
export const failing = status(503, { "retry-after": "0" });

/** Fails, and asks for so long a wait that the delivery stays as it is for a test. */
export const busy = status(503, { "retry-after": "3600" });

export const gone = status(410);

/** Says nothing and hangs up. */
export const rude: Mood = (answer) => answer.destroy();

export const failingTimes =
  (times: number): Mood =>
  (answer, nth) =>
    (nth <= times ? failing : good)(answer, nth);

/** Answers once it is let go, so that what is under way stays so. */
export function held(): { mood: Mood; release: () => void } {
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  return { mood: (answer, nth) => void released.then(() => good(answer, nth)), release };
}

/** Listens on this machine, keeps what arrives, and answers as its mood says, which may change. */
export class Receiver {
  readonly arrivals: Arrival[] = [];
  url = "";
  readonly #counts = new Map<string, number>();
  readonly #server = createServer((request, answer) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const delivery = String(request.headers["x-pt-delivery"]);
      const nth = (this.#counts.get(delivery) ?? 0) + 1;
      this.#counts.set(delivery, nth);
      this.arrivals.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      this.mood(answer, nth);
    });
  });

  constructor(public mood: Mood) {}

  async open(name: string): Promise<this> {
    this.url = `${await listen(this.#server)}/${name}`;
    return this;
  }

  close(): void {
    closeNow(this.#server);
  }
}
