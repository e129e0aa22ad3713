// A receiver of webhooks that keeps what arrives and answers as its mood says. What it kept is checked
// afterwards, so that checking does not delay an arrival.
import { createServer } from "node:http";
import { checksOf } from "./signatures.mjs";

/** Moods: the status for the nth arrival (from 1) of one delivery. */
export const good = () => 204;
export const failingThreeTimes = (nth) => (nth <= 3 ? 503 : 204);
export const failing = () => 503;

// Who names a time is there: its failures open no circuit, which would take the demo minutes to get through.
const BUSY = { "retry-after": "0" };

export class Receiver {
  /** What arrived, in order: `{atMs, headers, body, nth}`. */
  arrivals = [];
  #secret;
  #posted = new Map();
  #countByDelivery = new Map();
  #isKeeping = true;
  #server = createServer((request, response) => this.#receive(request, response));

  constructor(name, mood) {
    this.name = name;
    this.mood = mood;
  }

  /** Starts to listen and answers the url to subscribe. */
  async listen() {
    await new Promise((resolve, reject) => {
      this.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    // Between two attempts a connection may rest; closing it first would look like a failed attempt.
    this.#server.keepAliveTimeout = 60_000;
    return `http://127.0.0.1:${this.#server.address().port}/${this.name}`;
  }

  /** The secret of the subscription, which verifies what comes. */
  trust(secret) {
    this.#secret = secret;
  }

  /** Says what an event was posted with, so that what arrives can be compared byte for byte. */
  expect(eventId, data) {
    this.#posted.set(eventId, data);
  }

  /** When an event first arrived, in milliseconds since the epoch. */
  firstArrivalMs(eventId) {
    return this.arrivals.find(({ headers }) => headers["webhook-id"] === eventId).atMs;
  }

  /** Checks all that has arrived: the names of the checks, each with whether it passed, by arrival. */
  checks() {
    return this.arrivals.map(({ atMs, headers, body, nth }) => ({
      ...checksOf({ headers, body, secret: this.#secret, nowS: Math.floor(atMs / 1000) }),
      "data as posted, byte for byte": dataOf(body.toString()) === this.#posted.get(headers["webhook-id"]),
      "attempts of a delivery counted from 1": headers["x-pt-attempt"] === String(nth),
    }));
  }

  /** From now on answers only, so that a demo left open for long does not grow. */
  stopKeeping() {
    this.#isKeeping = false;
    this.arrivals = [];
    this.#countByDelivery.clear();
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #receive(request, response) {
    const atMs = performance.timeOrigin + performance.now();
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const nth = this.#keep(request.headers, Buffer.concat(chunks), atMs);
      const status = this.mood(nth);
      response.writeHead(status, status === 503 ? BUSY : {}).end();
    });
  }

  #keep(headers, body, atMs) {
    if (!this.#isKeeping) return 1;
    const delivery = headers["x-pt-delivery"];
    const nth = (this.#countByDelivery.get(delivery) ?? 0) + 1;
    this.#countByDelivery.set(delivery, nth);
    this.arrivals.push({ atMs, headers, body, nth });
    return nth;
  }
}

// The bytes between the envelope's fields, not a parsed value: parsing would hide a changed number or key
// order. The first `"data":` is the envelope's, the last `,"metadata":` too.
function dataOf(envelope) {
  const start = envelope.indexOf('"data":') + '"data":'.length;
  return envelope.slice(start, envelope.lastIndexOf(',"metadata":'));
}
