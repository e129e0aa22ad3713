import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { open } from "./app";
import { aDelivery, anAttempt, anEvent, aStats, aSubscription } from "./rows";
import { aProblem, fakeServer, operator, page } from "./server";

const heading = (name: string | RegExp) =>
  screen.findByRole("heading", { level: 1, name }, { timeout: 8_000 });
const button = (name: string | RegExp) => screen.findByRole("button", { name }, { timeout: 8_000 });

const answers = () => ({
  "GET /session": operator,
  "GET /deliveries": page({ ...aDelivery, tenant_id: "ten_1" }),
  "GET /deliveries/dlv_1": aDelivery,
  "GET /deliveries/dlv_1/attempts": page(anAttempt),
  "GET /events": page({ ...anEvent, tenant_id: "ten_1" }),
  "GET /events/evt_1": new Response(JSON.stringify(anEvent).replace('"data":0', '"data":{"n":1.0}')),
  "GET /events/evt_1/explain": {
    event_id: "evt_1",
    data: [
      { subscription_id: "sub_1", outcome: "skipped", reason: "filter", filter_value: false, state: null },
    ],
  },
  "GET /subscriptions": page(aSubscription),
  "GET /subscriptions/sub_1": aSubscription,
  "GET /stats": aStats,
  "GET /tenants": page({ id: "ten_1", name: "Example" }),
});

describe("signing in", () => {
  test("keeps the deep link, and leads there", async () => {
    const server = fakeServer({ ...answers(), "GET /session": aProblem(401, { title: "Unauthorized" }) });
    const router = open("/deliveries?status=failed&tenant=ten_1");
    const key = await screen.findByLabelText(/^Key/);
    expect(router.state.location.search.next).toBe("/deliveries?status=failed&tenant=ten_1");

    server.answers["POST /session"] = Response.json(operator, { status: 201 });
    fireEvent.change(key, { target: { value: "an operator key of some length" } });
    fireEvent.submit(key);
    await heading("Deliveries");
    expect(router.state.location.search).toMatchObject({ tenant: "ten_1", status: "failed" });
    const posted = server.seen.find(({ method }) => method === "POST");
    expect(posted?.body).toBe('{"key":"an operator key of some length"}');
  });

  test("says how long to wait", async () => {
    const tooMany = aProblem(429, { title: "Too many tries" }, { "Retry-After": "30" });
    fakeServer({ "GET /session": aProblem(401, {}), "POST /session": tooMany });
    open("/sign-in");
    const key = await screen.findByLabelText(/^Key/);
    fireEvent.change(key, { target: { value: "wrong" } });
    fireEvent.submit(key);
    expect((await screen.findByRole("alert")).textContent).toContain("Try again in 30 seconds.");
  });

  test("is asked for again when any request is answered 401", async () => {
    fakeServer({ ...answers(), "GET /deliveries": aProblem(401, { title: "Unauthorized" }) });
    const router = open("/deliveries?range=24h");
    await screen.findByLabelText(/^Key/);
    expect(router.state.location.search.next).toBe("/deliveries?range=24h");
  });
});

describe("the tenant in the address", () => {
  test("goes with each request, and with links", async () => {
    const server = fakeServer(answers());
    open("/deliveries?tenant=ten_1");
    const link = await screen.findByRole("link", { name: "dlv_1" });
    expect(link.getAttribute("href")).toBe("/deliveries/dlv_1?tenant=ten_1");
    const listed = server.seen.find(({ path }) => path === "/deliveries");
    expect(listed?.headers.get("Posthaste-Tenant")).toBe("ten_1");
    const events = await screen.findByRole("link", { name: "Events" });
    expect(events.getAttribute("href")).toBe("/events?tenant=ten_1");
  });

  test("is named by the links of a list of all tenants", async () => {
    const server = fakeServer(answers());
    open("/deliveries");
    const link = await screen.findByRole("link", { name: "dlv_1" });
    expect(link.getAttribute("href")).toBe("/deliveries/dlv_1?tenant=ten_1");
    const listed = server.seen.find(({ path }) => path === "/deliveries");
    expect(listed?.headers.has("Posthaste-Tenant")).toBe(false);
  });
});

test("the filters of the address are asked for", async () => {
  const server = fakeServer(answers());
  open("/deliveries?status=failed&status=retrying&event_type=content.published&range=1h&status=lost");
  await screen.findByRole("link", { name: "dlv_1" });
  const query = server.seen.find(({ path }) => path === "/deliveries")?.query;
  expect(query?.getAll("status")).toEqual(["retrying", "failed"]);
  expect(query?.get("event_type")).toBe("content.published");
  expect(query?.has("from")).toBe(true);
  expect(query?.has("to")).toBe(false);
});

test("a delivery is redelivered once that is confirmed", async () => {
  const server = fakeServer({
    ...answers(),
    "POST /deliveries/dlv_1/redeliver": Response.json({ ...aDelivery, id: "dlv_2" }, { status: 202 }),
    "GET /deliveries/dlv_2": { ...aDelivery, id: "dlv_2" },
  });
  open("/deliveries/dlv_1?tenant=ten_1");
  await screen.findByText("Attempt 1: HTTP 503");
  fireEvent.click(await button("Redeliver"));
  const dialog = await screen.findByRole("dialog", { name: "Redeliver?" });
  expect(server.seen.some(({ method }) => method === "POST")).toBe(false);
  fireEvent.click(within(dialog).getByRole("button", { name: "Redeliver" }));
  await heading("Delivery dlv_2");
  const posted = server.seen.find(({ method }) => method === "POST");
  expect(posted?.headers.get("Posthaste-CSRF")).toBe("csrf_1");
  expect(posted?.headers.get("Posthaste-Tenant")).toBe("ten_1");
});

test("an event's data is shown as it was received", async () => {
  fakeServer(answers());
  open("/events/evt_1?tenant=ten_1");
  const data = await screen.findByRole("region", { name: "data" });
  expect(data.textContent).toContain('"n": 1.0');
  await screen.findByText(/Its filter does not match/);
});

test("a fault is told at the field it is about", async () => {
  const fault = { pointer: "/filter", detail: "It does not parse." };
  fakeServer({
    ...answers(),
    "POST /subscriptions": aProblem(422, { title: "The request breaks the contract", errors: [fault] }),
  });
  open("/subscriptions?tenant=ten_1");
  fireEvent.click(await button("New subscription"));
  fireEvent.change(await screen.findByLabelText(/^Url/), { target: { value: "https://example.com" } });
  fireEvent.click(await button("Create"));
  await waitFor(() => {
    expect(screen.getByLabelText("Filter").getAttribute("aria-invalid")).toBe("true");
  });
  expect(screen.getByText("It does not parse.")).toBeDefined();
});

test("a problem is shown, and its request can be made again", async () => {
  const server = fakeServer({ ...answers(), "GET /deliveries": aProblem(403, { title: "Forbidden" }) });
  open("/deliveries");
  expect((await screen.findByRole("alert")).textContent).toContain("Forbidden");
  server.answers["GET /deliveries"] = page(aDelivery);
  fireEvent.click(await button("Try again"));
  await screen.findByRole("link", { name: "dlv_1" });
});

test.each([
  ["/", "Overview"],
  ["/events", "Events"],
  ["/events/evt_1", "Event evt_1"],
  ["/deliveries/dlv_1", "Delivery dlv_1"],
  ["/dead-letters?resolved=true", "Dead letters"],
  ["/subscriptions/sub_1", "Subscription sub_1"],
  ["/replays", "Replays"],
  ["/event-types", "Event types"],
  ["/bins?tenant=ten_1", "Bins"],
  ["/keys", "Keys"],
  ["/audit", "Audit log"],
  ["/tenants", "Tenants"],
  ["/nowhere", "No such page"],
])("%s opens", async (address, name) => {
  fakeServer(answers());
  open(address);
  await heading(name);
});
