import { fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import type { Attempt, Delivery } from "../../api/deliveries";
import type { Subscription } from "../../api/subscriptions";
import { open } from "../../test/app";
import { aDelivery, anAttempt, anEvent, aSubscription } from "../../test/rows";
import { fakeServer, operator, page } from "../../test/server";

afterEach(() => vi.unstubAllGlobals());

// The request of docs/integration.md, whose secret is known.
const id = "evt_01kfh1qj8aecv8j9vbmzn6vn2c";
const event = JSON.stringify({
  ...anEvent,
  id,
  timestamp: "2026-01-21T12:00:00Z",
  data: { title: "Hello" },
});
const signed: Attempt = {
  ...anAttempt,
  request_headers: {
    "webhook-id": id,
    "webhook-timestamp": "1768996800",
    "webhook-signature": "v1,pBlUBjLh0Qiap0wwCiBRf7HS16OrLmQ30ptwlKMXwV8=",
    "x-pt-signature": "t=1768996800,v1=bfae2f0ed82d5cb32408b9c1a1c88bf20d04a6b6885a0d2dc077e0fed6f6cdca",
  },
};

function serve(
  subscription: Partial<Subscription> = {},
  delivery: Partial<Delivery> = {},
  more: object = {},
) {
  const row = { ...aDelivery, event_id: id, ...delivery };
  return fakeServer({
    "GET /session": operator,
    "GET /deliveries/dlv_1": row,
    "GET /deliveries/dlv_1/attempts": page(signed),
    [`GET /events/${id}`]: new Response(event),
    "GET /subscriptions/sub_1": { ...aSubscription, ...subscription },
    "GET /subscriptions/sub_1/secret": { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
    ...more,
  });
}

const check = () => screen.findByRole("button", { name: "Check the signatures" }, { timeout: 8_000 });

test("the signatures are checked over the body that was sent, with a secret that is read for it", async () => {
  const server = serve();
  open("/deliveries/dlv_1?tenant=ten_1");
  const button = await check();
  expect(server.seen.some(({ path }) => path.endsWith("/secret"))).toBe(false);
  fireEvent.click(button);
  await screen.findByText("All 2 signatures hold.");
  screen.getByText("webhook-signature holds");
  screen.getByText("X-PT-Signature holds");
});

test("a signature that does not hold is told, with what that may mean", async () => {
  serve({}, {}, { "GET /subscriptions/sub_1/secret": { secret: "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } });
  open("/deliveries/dlv_1?tenant=ten_1");
  fireEvent.click(await check());
  await screen.findByText(/^0 of 2 signatures hold\..*rotated/);
  screen.getByText("X-PT-Signature does not hold");
});

test.each([
  [{ template: "{}" }, {}, /template made it/],
  [{ format: "cloudevents" as const }, {}, /CloudEvent/],
  [{ kind: "slack" as const }, {}, /Slack/],
  [{}, { batch_id: "bat_1" }, /a batch/],
])(
  "a body that is not kept is told as such, and no secret is read (%#)",
  async (subscription, delivery, why) => {
    const server = serve(subscription, delivery);
    open("/deliveries/dlv_1?tenant=ten_1");
    await screen.findByText(/The signatures cannot be checked here/, {}, { timeout: 8_000 });
    expect(screen.getAllByText(why).length).toBeGreaterThan(0);
    expect(screen.queryByRole("button", { name: "Check the signatures" })).toBeNull();
    expect(server.seen.some(({ path }) => path.endsWith("/secret"))).toBe(false);
  },
);

test("a page that did not come over https says that it cannot check", async () => {
  vi.stubGlobal("crypto", { subtle: undefined });
  serve();
  open("/deliveries/dlv_1?tenant=ten_1");
  await screen.findByText(/only to pages that come over https/, {}, { timeout: 8_000 });
});

test("who may not read secrets or send again is not offered it", async () => {
  serve(
    {},
    {},
    { "GET /session": { ...operator, actor: "key", scopes: ["deliveries:read", "events:read"] } },
  );
  open("/deliveries/dlv_1");
  await screen.findByText(/needs the scope subscriptions:write/, {}, { timeout: 8_000 });
  expect(screen.queryByRole("button", { name: "Redeliver" })).toBeNull();
});

test("attempts are told with the time between them, and with what comes next", async () => {
  const second = { ...signed, id: "att_2", number: 2, started_at: "2026-01-21T12:00:05.000Z" };
  serve(
    {},
    { status: "retrying", attempt_count: 2, next_attempt_at: "2026-01-21T12:00:35.000Z" },
    { "GET /deliveries/dlv_1/attempts": page(signed, second) },
  );
  open("/deliveries/dlv_1?tenant=ten_1");
  await screen.findByText(/5 seconds after attempt 1/, {}, { timeout: 8_000 });
  screen.getByText(/^Next attempt:/);
});
