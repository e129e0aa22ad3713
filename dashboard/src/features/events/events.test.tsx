import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { open } from "../../test/app";
import { aDelivery, anEvent } from "../../test/rows";
import { fakeServer, operator, page } from "../../test/server";
import { deliveryEvent, fakeStreams } from "../../test/streams";

const id = (kind: string) => `${kind}_01kfh1qj8aecv8j9vbmzn6vn2c`;

const serve = () =>
  fakeServer({ "GET /session": operator, "GET /events": page({ ...anEvent, tenant_id: "ten_1" }) });

async function find(text: string) {
  const field = await screen.findByLabelText("Find by id", { selector: "input" }, { timeout: 8_000 });
  fireEvent.change(field, { target: { value: text } });
  fireEvent.submit(field);
  return field;
}

test.each([
  ["evt", "/events"],
  ["dlv", "/deliveries"],
  ["sub", "/subscriptions"],
  ["rpl", "/replays"],
  ["ten", "/tenants"],
])("%s_… leads to its page", async (kind, list) => {
  serve();
  const router = open("/events?tenant=ten_1");
  await find(`  ${id(kind)} `);
  await expect.poll(() => router.state.location.pathname).toBe(`${list}/${id(kind)}`);
  expect(router.state.location.search).toMatchObject({ tenant: "ten_1" });
});

test("bin_… opens the bin's page", async () => {
  serve();
  const router = open("/events");
  await find(id("bin"));
  await expect.poll(() => router.state.location.pathname).toBe(`/bins/${id("bin")}`);
});

test("what is no whole id says so at the field", async () => {
  serve();
  const router = open("/events");
  const field = await find("evt_01kfh1");
  await screen.findByText(/no whole id/);
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(router.state.location.pathname).toBe("/events");
});

test("an event leads to its deliveries", async () => {
  serve();
  open("/events");
  const link = await screen.findByRole("link", { name: "1 delivery" }, { timeout: 8_000 });
  expect(link.getAttribute("href")).toBe("/deliveries?tenant=ten_1&event_id=evt_1");
});

test("a text is searched for, further back when that is asked for", async () => {
  const server = fakeServer({
    "GET /session": operator,
    "GET /events": { data: [], next_cursor: "further" },
  });
  open("/events?tenant=ten_1&text=needle&live=true");
  await screen.findByText(/No events found yet/, {}, { timeout: 8_000 });
  expect(screen.queryByText(/No event fits/)).toBeNull();
  expect(screen.getByRole("switch")).toHaveProperty("disabled", true);
  server.answers["GET /events"] = page({ ...anEvent, tenant_id: "ten_1" });
  fireEvent.click(screen.getByRole("button", { name: "Look further back" }));
  await screen.findByRole("link", { name: "evt_1" });
  const asked = server.seen.filter(({ path }) => path === "/events").map(({ query }) => query);
  expect(asked.map((query) => query.get("text"))).toEqual(["needle", "needle"]);
  expect(asked[1]?.get("cursor")).toBe("further");
});

test("live, new events are asked for when a delivery tells of them", async () => {
  const server = serve();
  const { streams } = fakeStreams();
  open("/events?live=true");
  await screen.findByRole("link", { name: "evt_1" }, { timeout: 8_000 });
  await waitFor(() => expect(streams).toHaveLength(2)); // Strict mode mounts twice.
  streams[1]?.send(": open\n\n");
  await screen.findByText(/^Live:/);
  const newer = { ...anEvent, id: "evt_2", tenant_id: "ten_1", created_at: "2026-01-21T12:00:01.000Z" };
  server.answers["GET /events"] = page(newer);
  streams[1]?.send(deliveryEvent({ ...aDelivery, trigger: "event" }));
  await screen.findByRole("link", { name: "evt_2" });
  screen.getByRole("link", { name: "evt_1" });
});
