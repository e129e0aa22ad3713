// The demo: a tenant subscribes three receivers (one good, one that fails three times per delivery, one that
// always fails), posts GitHub's example payloads, and gets them delivered, retried, kept as dead letters and
// replayed. Every figure is compared with what must come out; any difference ends the demo with 1.
import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "./api.mjs";
import { checkDashboard, openInBrowser } from "./dashboard.mjs";
import { readPayloads } from "./payloads.mjs";
import { Receiver, failing, failingThreeTimes, good } from "./receiver.mjs";
import { progress, say, table } from "./screen.mjs";
import { Server } from "./server.mjs";

const EVENTS_PER_S = 100;
const ATTEMPTS_MAX = 6;
// Only these events go to the receiver that always fails, so that its dead letters can be looked through.
const FAILING_EVENT_TYPES = ["github.issues.*"];
const goesToFailing = (type) => /^github\.issues\.[^.]+$/.test(type);
const QUIET_MS_MAX = 30_000;
// Dead letters that are not replayed, for whoever looks at the dashboard.
const LEFT_DEAD = 1;

const exitByItself = process.env.DEMO_EXIT === "1";
const server = new Server();
const receivers = {
  good: new Receiver("good", good),
  recovering: new Receiver("recovering", failingThreeTimes),
  failing: new Receiver("failing", failing),
};

const interrupted = new Promise((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => resolve(signal));
});

process.exit(await run());

/** Answers the exit code: 0 told to its end, 1 something differed, 130 interrupted before the end. */
async function run() {
  let code = 130;
  const tell = async () => {
    await server.start({ exitByItself });
    say(`Posthaste listens on ${server.url}`);
    const tenant = await Promise.race([story(), server.ended()]);
    code = 0;
    if (exitByItself) return;
    await invite(tenant);
    await server.ended();
  };
  try {
    await Promise.race([tell(), interrupted]);
  } catch (error) {
    code = 1;
    say(`\nThe demo failed: ${error.message}`);
  }
  const how = await server.stop();
  for (const receiver of Object.values(receivers)) receiver.close();
  if (code === 0 && how !== "ended with code 0") {
    code = 1;
    say(`\nThe demo failed: the server ${how} when it was asked to stop`);
  }
  say(code === 0 ? "Stopped; nothing is left behind." : "Stopped.");
  return code;
}

async function story() {
  await checkDashboard(server.url);
  const { api, tenant, failingId } = await setUp();
  const events = await postAll(api);
  await settle(api, events);
  await summarise(api, events);
  const letters = await replayDeadLetters(api);
  await showHistory(api, failingId, letters[0]);
  // Once more, now that the replays have arrived too.
  expectChecks();
  return tenant;
}

async function setUp() {
  const operator = new Api(server.url, server.operatorKey);
  const tenant = await operator.post("/tenants", { name: "Demo" });
  const { secret: key } = await operator.post(`/tenants/${tenant.id}/keys`, { name: "demo", scopes: ["*"] });
  const api = new Api(server.url, key);
  let failingId;
  for (const receiver of Object.values(receivers)) {
    const isFailing = receiver === receivers.failing;
    const subscription = await api.post("/subscriptions", {
      url: await receiver.listen(),
      description: `the receiver that is ${receiver.name}`,
      event_types: isFailing ? FAILING_EVENT_TYPES : ["github.**"],
    });
    receiver.trust(subscription.secret);
    if (isFailing) failingId = subscription.id;
  }
  say("A tenant, its key and three subscriptions: good, recovering (fails three times per delivery), failing");
  return { api, tenant: { id: tenant.id, key }, failingId };
}

/** Posts at a steady rate, whatever the server does, and answers `{id, type, postedMs}` for each. */
async function postAll(api) {
  const { events, skipped } = readPayloads();
  const startMs = performance.now();
  let accepted = 0;
  const posted = await Promise.all(
    events.map(async ({ type, data }, index) => {
      await sleep(startMs + (index * 1000) / EVENTS_PER_S - performance.now());
      const postedMs = performance.timeOrigin + performance.now();
      const { id, deliveries } = await api.post("/events", `{"type":${JSON.stringify(type)},"data":${data}}`, 202);
      const due = goesToFailing(type) ? 3 : 2;
      if (deliveries !== due) throw new Error(`${type} makes ${deliveries} deliveries instead of ${due}`);
      for (const receiver of Object.values(receivers)) receiver.expect(id, data);
      accepted += 1;
      progress(`Posting GitHub's example payloads: ${accepted} of ${events.length} accepted`, accepted === events.length);
      return { id, type, postedMs };
    }),
  );
  if (skipped > 0) say(`${skipped} payloads above 256 KiB were left out`);
  return posted;
}

/** Waits until every delivery is final: what the receivers must have seen is known in advance. */
async function settle(api, events) {
  const dead = events.filter(({ type }) => goesToFailing(type)).length;
  const due = events.length + events.length * 4 + dead * ATTEMPTS_MAX;
  await until("attempts", due, () => arrivalCount());
  await until("deliveries settled", events.length * 2 + dead, async () => {
    const open = await api.list("/deliveries?status=pending,retrying");
    return events.length * 2 + dead - open.length;
  });
}

async function summarise(api, events) {
  const deliveries = await api.list("/deliveries");
  const dead = events.filter(({ type }) => goesToFailing(type)).length;
  const by = (status) => deliveries.filter((delivery) => delivery.status === status).length;
  const attempts = deliveries.reduce((sum, delivery) => sum + delivery.attempt_count, 0);
  const letters = await api.list("/dead-letters");
  const latencies = events
    .map(({ id, postedMs }) => receivers.good.firstArrivalMs(id) - postedMs)
    .sort((a, b) => a - b);

  say();
  table([
    ["events accepted", events.length],
    ["deliveries", deliveries.length],
    ["  succeeded", by("succeeded")],
    ["  failed: dead letters", letters.length],
    ["attempts", attempts],
    ["  of them retries", attempts - deliveries.length],
    ["from post to arrival at the good receiver, p50", `${percentile(latencies, 50)} ms`],
    ["from post to arrival at the good receiver, p95", `${percentile(latencies, 95)} ms`],
    ...checks().map(({ check, passed, all }) => [check, `${passed} of ${all}`]),
  ]);
  say();

  expect("deliveries", deliveries.length, events.length * 2 + dead);
  expect("deliveries that succeeded", by("succeeded"), events.length * 2);
  expect("deliveries that failed", by("failed"), dead);
  expect("dead letters", letters.length, dead);
  expect("attempts on record", attempts, arrivalCount());
  expect("attempts", attempts, events.length * 5 + dead * ATTEMPTS_MAX);
  expectChecks();
}

/** Heals the failing receiver and replays its dead letters one by one; the newest is left to be replayed by hand. */
async function replayDeadLetters(api) {
  receivers.failing.mood = good;
  const [, ...letters] = await api.list("/dead-letters");
  const before = receivers.failing.arrivals.length;
  for (const [index, letter] of letters.entries()) {
    await api.post(`/dead-letters/${letter.id}/replay`, "{}", 202);
    progress(`The failing receiver is healed; replaying ${index + 1} of ${letters.length} dead letters`, index + 1 === letters.length);
  }
  await until("dead letters resolved", letters.length, async () => {
    return letters.length + LEFT_DEAD - (await api.list("/dead-letters")).length;
  });
  const resolved = await api.list("/dead-letters?resolved=true");
  expect("resolved dead letters", resolved.filter(({ resolution }) => resolution === "replayed").length, letters.length);
  expect("arrivals of replays", receivers.failing.arrivals.length - before, letters.length);
  return letters;
}

/** The history keeps the delivery that failed beside the one that replayed it. */
async function showHistory(api, subscriptionId, letter) {
  const path = `/deliveries?event_id=${letter.event_id}&subscription_id=${subscriptionId}`;
  const deliveries = (await api.list(path)).reverse();
  say(`\nHistory of ${letter.event_id} (${letter.event_type}) at the receiver that failed:`);
  for (const delivery of deliveries) {
    say(`  ${delivery.id}  ${delivery.trigger}  ${delivery.status}`);
    for (const attempt of await api.list(`/deliveries/${delivery.id}/attempts`)) {
      const outcome = attempt.status_code ?? attempt.failure_reason;
      say(`    attempt ${attempt.number}  ${attempt.started_at}  ${outcome}  ${Math.round(attempt.duration_ms)} ms`);
    }
  }
  say();
  const states = deliveries.map(({ trigger, status, attempt_count }) => `${trigger} ${status} ${attempt_count}`);
  expect("the history", states.join(", "), `event failed ${ATTEMPTS_MAX}, redelivery succeeded 1`);
}

async function invite(tenant) {
  for (const receiver of Object.values(receivers)) receiver.stopKeeping();
  const operator = new Api(server.url, server.operatorKey);
  const asked = { permissions: "write", expires_in_s: 86_400 };
  const link = await operator.post(`/tenants/${tenant.id}/portal-links`, asked);
  say(`The server stays open: ${server.url} (its API is described at ${server.url}/docs)`);
  table([
    ["operator key, to sign in to the dashboard", server.operatorKey],
    ["tenant key", tenant.key],
  ]);
  say("Try:");
  say(`  curl -H 'Authorization: Bearer ${tenant.key}' '${server.url}/api/v1/webhooks/deliveries?limit=3'`);
  say(`\nThe dashboard, as the demo's tenant sees it, with a dead letter that its receiver would now take:\n  ${link.url}`);
  openInBrowser(link.url);
  say("Ctrl-C stops it.");
}

/** Waits until `count` answers `goal`, as long as it goes on changing. */
async function until(what, goal, count) {
  let last = -1;
  let changedMs = Date.now();
  for (;;) {
    const now = await count();
    progress(`${now} of ${goal} ${what}`, now >= goal);
    if (now >= goal) return;
    if (now !== last) [last, changedMs] = [now, Date.now()];
    if (Date.now() - changedMs > QUIET_MS_MAX) {
      throw new Error(`${now} of ${goal} ${what}, and no more for ${QUIET_MS_MAX / 1000} s`);
    }
    await sleep(50);
  }
}

function expect(what, actual, wanted) {
  if (actual !== wanted) throw new Error(`${what}: ${actual} instead of ${wanted}`);
}

/** Checks all arrivals: for each check how many passed it, of how many. */
function checks() {
  const arrivals = Object.values(receivers).flatMap((receiver) => receiver.checks());
  return Object.keys(arrivals[0]).map((check) => ({
    check,
    passed: arrivals.filter((arrival) => arrival[check]).length,
    all: arrivals.length,
  }));
}

function expectChecks() {
  for (const { check, passed, all } of checks()) expect(`arrivals with ${check}`, passed, all);
}

function percentile(sorted, rank) {
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * rank) / 100) - 1)].toFixed(1);
}

function arrivalCount() {
  return Object.values(receivers).reduce((sum, receiver) => sum + receiver.arrivals.length, 0);
}
