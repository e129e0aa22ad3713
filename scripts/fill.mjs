#!/usr/bin/env node
// Fills a server with deliveries, most of which succeed: what screens and lists are to be measured on. Needs nothing
// but Node. The server has to run on this machine and to allow receivers on it (`posthaste serve --dev`).
//   POSTHASTE_URL=… POSTHASTE_KEY=<operator key> node scripts/fill.mjs [--deliveries 20000] [--tenant NAME] [--connections 4]
// Prints the tenant's id and how long it took. What waits for a receiver that never answers well goes on waiting.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const BATCH = 1000;
const TELL_EVERY_MS = 1000;
const QUIET_MS_MAX = 60_000;

const { values: options } = parseArgs({
  options: {
    deliveries: { type: "string", default: "20000" },
    tenant: { type: "string", default: `Filled ${new Date().toISOString().slice(0, 19)}` },
    connections: { type: "string", default: "4" },
  },
});
const wanted = Number(options.deliveries);
const url = process.env.POSTHASTE_URL ?? "http://127.0.0.1:8080";
const key = process.env.POSTHASTE_KEY;
if (!key || !(wanted > 0)) {
  console.error(
    "usage: POSTHASTE_URL=… POSTHASTE_KEY=<operator key> node scripts/fill.mjs --deliveries NUMBER",
  );
  process.exit(2);
}

/** Nouns with what happens to them: four event types each. */
const happenings = ["created", "updated", "completed", "deleted"];
const nouns = [
  "order",
  "invoice",
  "payment",
  "refund",
  "customer",
  "product",
  "shipment",
  "cart",
  "user",
  "ticket",
  "message",
  "document",
];
const types = nouns.flatMap((noun) => happenings.map((happening) => `${noun}.${happening}`));

// Who names a time is there: its failures open no circuit, so that all attempts are made at once.
const BUSY = { "retry-after": "0" };
const kinds = {
  good: () => [204],
  /** About a third of its deliveries need a second attempt. */
  flaky: (arrival, nth) => (nth === 1 && arrival % 3 === 0 ? [503, BUSY] : [204]),
  /** Each of its deliveries is a dead letter after three attempts. */
  failing: () => [503, BUSY],
  /** Its circuit opens: nearly all of its deliveries wait. */
  dead: () => [500],
};

/** For each noun one subscription to all of it and two to a part: 36 in all, of which a few have trouble. */
const plan = nouns.flatMap((noun, at) => {
  const of = (names) => names.map((name) => `${noun}.${name}`);
  return [
    { types: of(happenings), patterns: [`${noun}.*`], kind: at % 6 === 5 ? "flaky" : "good" },
    { types: of(["created", "completed"]), kind: "good" },
    { types: of(["deleted"]), kind: at === 1 || at === 8 ? "failing" : at === 10 ? "dead" : "good" },
  ].map((one) => ({ patterns: one.types, ...one, noun }));
});
const matched = new Map(types.map((type) => [type, plan.filter((one) => one.types.includes(type)).length]));

/** What has come, and what has to come until everything that can be final is. */
const seen = { posted: 0, events: 0, done: 0, due: 0 };

await main();

async function main() {
  const receivers = await Promise.all(Object.entries(kinds).map(([kind, mood]) => receiver(kind, mood)));
  const tenant = await call("/tenants", { name: options.tenant });
  const own = { "posthaste-tenant": tenant.id };
  for (const { noun, patterns, kind } of plan) {
    const body = {
      url: `${receivers.find((one) => one.kind === kind).url}/${noun}`,
      description: `${noun}s, ${kind}`,
      event_types: patterns,
      ...(kind === "failing" && { retry: { schedule_s: [0.1, 0.1], jitter: 0 } }),
    };
    await call("/subscriptions", body, own);
  }
  console.log(`tenant ${tenant.id}: ${plan.length} subscriptions`);

  const startMs = performance.now();
  const telling = setInterval(() => tell(startMs), TELL_EVERY_MS);
  const lanes = Array.from({ length: Number(options.connections) }, () => postBatches(own));
  await Promise.all(lanes);
  const postedS = (performance.now() - startMs) / 1000;
  await settled();
  clearInterval(telling);
  tell(startMs);
  const allS = (performance.now() - startMs) / 1000;
  console.log(
    `${seen.events} events, ${seen.posted} deliveries: accepted in ${postedS.toFixed(1)} s (${Math.round(seen.posted / postedS)}/s), ` +
      `done in ${allS.toFixed(1)} s (${Math.round(seen.done / allS)}/s)`,
  );
  process.exit(0);
}

async function postBatches(headers) {
  while (seen.posted < wanted) {
    const events = [];
    while (events.length < BATCH && seen.posted < wanted) {
      const event = anEvent();
      events.push(event);
      count(event.type);
    }
    const { data } = await call("/events/batch", { events }, headers);
    const refused = data.find(({ status }) => status !== 202);
    if (refused) throw new Error(`an event was refused: ${JSON.stringify(refused)}`);
  }
}

function count(type) {
  seen.events += 1;
  seen.posted += matched.get(type);
  seen.due += plan.filter((one) => one.types.includes(type) && one.kind !== "dead").length;
}

/** A few types come often and most seldom, as it is in life. */
function anEvent() {
  const type = types[Math.floor(Math.random() ** 2 * types.length)];
  const [noun] = type.split(".");
  const amount = Math.round(Math.random() * 100_000) / 100;
  return {
    type,
    correlation_id: `req-${Math.floor(Math.random() * 1e9).toString(36)}`,
    data: {
      id: `${noun}_${randomUUID()}`,
      number: seen.events,
      status: type.split(".")[1],
      amount,
      currency: "EUR",
      customer: { id: randomUUID(), name: "Ada Lovelace", email: "ada@example.com", country: "GB" },
      items: [
        { sku: "SKU-10042", name: "Analytical engine, brass", quantity: 1, price: amount },
        { sku: "SKU-20007", name: "Punched cards, set of 500", quantity: 3, price: 12.5 },
      ],
      note: "Leave at the back door; ring twice.",
    },
    metadata: { source: "shop", region: "eu-west-1" },
  };
}

/** One for each kind; a delivery is done with its 2xx, or with the last attempt of what always fails. */
async function receiver(kind, mood) {
  let arrivals = 0;
  const server = createServer((request, answer) => {
    request.resume();
    const nth = Number(request.headers["x-pt-attempt"]);
    const isLast = nth === Number(request.headers["x-pt-max-attempts"]);
    arrivals += 1;
    const [status, headers = {}] = mood(arrivals, nth);
    if (kind !== "dead" && (status < 300 || isLast)) seen.done += 1;
    answer.writeHead(status, headers).end();
  });
  server.keepAliveTimeout = 120_000;
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return { kind, url: `http://127.0.0.1:${server.address().port}` };
}

/** Waits until all that can be done is, as long as it goes on. */
async function settled() {
  let last = -1;
  let changedMs = Date.now();
  while (seen.done < seen.due) {
    if (seen.done !== last) [last, changedMs] = [seen.done, Date.now()];
    if (Date.now() - changedMs > QUIET_MS_MAX) {
      console.error(`${seen.done} of ${seen.due} are done, and no more for ${QUIET_MS_MAX / 1000} s`);
      process.exit(1);
    }
    await sleep(50);
  }
}

function tell(startMs) {
  const s = Math.round((performance.now() - startMs) / 1000);
  console.log(`${s} s: ${seen.posted} of ${wanted} posted, ${seen.done} of ${seen.due} done`);
}

/** Posts, again if it is asked to wait: by its key the request counts once. */
async function call(path, body, headers = {}) {
  const text = JSON.stringify(body);
  const idempotencyKey = randomUUID();
  for (;;) {
    const answer = await fetch(`${url}/api/v1/webhooks${path}`, {
      method: "POST",
      body: text,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "idempotency-key": idempotencyKey,
        ...headers,
      },
    });
    const answered = await answer.text();
    if (answer.ok) return JSON.parse(answered);
    const waitS = Number(answer.headers.get("retry-after"));
    if (![429, 503].includes(answer.status) || !(waitS > 0)) {
      throw new Error(`POST ${path} answered ${answer.status}: ${answered}`);
    }
    await sleep(waitS * 1000);
  }
}
