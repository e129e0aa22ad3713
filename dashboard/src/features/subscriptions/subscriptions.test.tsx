import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { open } from "../../test/app";
import { aStats, aSubscription } from "../../test/rows";
import { aProblem, fakeServer, operator, page } from "../../test/server";

const late = { timeout: 15_000 };
// The form is large, and machines that test are busy.
vi.setConfig({ testTimeout: 60_000 });

// By text: to look for roles takes seconds in a form of this size.
const button = async (text: string) =>
  around(await screen.findByText(text, { selector: "button *" }, late), "button");

function around(element: HTMLElement, selector: string): HTMLElement {
  const found = element.closest<HTMLElement>(selector);
  if (found === null) throw new Error(`${element.outerHTML} is in no ${selector}`);
  return found;
}

const sealed = { ...aSubscription, headers: { "x-a": "***" } };
const answers = () => ({
  "GET /session": operator,
  "GET /subscriptions": page(aSubscription),
  "GET /subscriptions/sub_1": sealed,
  "GET /stats": aStats,
});
const bodies = (server: ReturnType<typeof fakeServer>, method: string) =>
  server.seen.filter((seen) => seen.method === method).map(({ body }) => JSON.parse(body) as unknown);

test("a part of the form opens by itself when one of its fields has a fault", async () => {
  fakeServer({
    ...answers(),
    "POST /subscriptions": aProblem(422, {
      title: "The request breaks the contract",
      errors: [
        { pointer: "/retry/jitter", detail: "must be between 0 and 1" },
        { pointer: "/nowhere", detail: "is unknown" },
      ],
    }),
  });
  open("/subscriptions?tenant=ten_1");
  fireEvent.click(await button("New subscription"));
  const group = await button("Delivery");
  expect(group.getAttribute("aria-expanded")).toBe("false");
  fireEvent.change(screen.getByLabelText(/^Url/), { target: { value: "https://example.com" } });
  fireEvent.click(await button("Create"));

  await waitFor(() => expect(group.getAttribute("aria-expanded")).toBe("true"));
  expect(group.textContent).toContain("has a fault");
  const jitter = screen.getByLabelText("Jitter");
  expect(jitter.getAttribute("aria-invalid")).toBe("true");
  await waitFor(() => expect(document.activeElement).toBe(jitter));
  await screen.findByText("is unknown");
});

test("a fault that can be told here is not sent", async () => {
  const server = fakeServer(answers());
  open("/subscriptions?tenant=ten_1");
  fireEvent.click(await button("New subscription"));
  fireEvent.change(await screen.findByLabelText(/^Url/), { target: { value: "https://example.com" } });
  const advanced = await button("Advanced");
  fireEvent.click(advanced);
  fireEvent.change(await screen.findByLabelText("Metadata"), { target: { value: "[1]" } });
  fireEvent.click(advanced);
  fireEvent.click(await button("Create"));
  await screen.findByText("It has to be an object.");
  expect(advanced.getAttribute("aria-expanded")).toBe("true");
  expect(bodies(server, "POST")).toEqual([]);
});

test("what is sealed is neither written back nor read unasked", async () => {
  const server = fakeServer({ ...answers(), "PATCH /subscriptions/sub_1": sealed });
  open("/subscriptions/sub_1?tenant=ten_1");
  fireEvent.click(await button("Edit"));
  fireEvent.click(await button("Delivery"));
  const value = await screen.findByLabelText<HTMLInputElement>("Value of header x-a");
  expect(value.value).toBe("***");
  fireEvent.change(screen.getByLabelText("Description"), { target: { value: "Billing" } });
  fireEvent.click(await button("Save"));
  await waitFor(() => expect(bodies(server, "PATCH")).toEqual([{ description: "Billing" }]));
  expect(server.seen.some(({ query }) => query.has("reveal"))).toBe(false);
});

test("sealed values are shown once that is confirmed", async () => {
  const server = fakeServer(answers());
  open("/subscriptions/sub_1?tenant=ten_1");
  fireEvent.click(await button("Edit"));
  fireEvent.click(await button("Delivery"));
  server.answers["GET /subscriptions/sub_1"] = { ...aSubscription, headers: { "x-a": "token" } };
  fireEvent.click(await button("Show sealed values"));
  const asked = await screen.findByText("That they were read is noted in the audit log.", {}, late);
  expect(server.seen.some(({ query }) => query.has("reveal"))).toBe(false);
  const dialog = around(asked, '[role="dialog"]');
  fireEvent.click(within(dialog).getByText("Show sealed values"));
  await screen.findByDisplayValue("token", {}, late);
  expect(server.seen.filter(({ query }) => query.get("reveal") === "true")).toHaveLength(1);
});

test("saving what was not changed asks nothing of the server", async () => {
  const server = fakeServer(answers());
  open("/subscriptions/sub_1?tenant=ten_1");
  fireEvent.click(await button("Edit"));
  fireEvent.click(await button("Save"));
  await waitFor(() => expect(screen.queryByLabelText("Description")).toBeNull());
  expect(server.seen.some(({ method }) => method === "PATCH")).toBe(false);
});

test("the last day is asked for the subscriptions of a page, and one without attempts is told as such", async () => {
  const of = { url: "", attempts: 8, succeeded: 6, failed: 2, dead_letters: 0, buckets: [] };
  const server = fakeServer({
    ...answers(),
    "GET /subscriptions": page(aSubscription, { ...aSubscription, id: "sub_2" }),
    "GET /stats/subscriptions": { data: [{ ...of, subscription_id: "sub_1" }], complete: true },
  });
  open("/subscriptions?tenant=ten_1");
  await screen.findByText("75 %", {}, late);
  await screen.findByText("no attempts");
  const asked = server.seen.filter(({ path }) => path === "/stats/subscriptions");
  expect(asked.map(({ query }) => query.getAll("subscription_id"))).toEqual([["sub_1", "sub_2"]]);
});

test("a last day that cannot be told is told as not known, and can be asked for again", async () => {
  const server = fakeServer({
    ...answers(),
    "GET /stats/subscriptions": aProblem(422, { title: "Too much" }),
  });
  open("/subscriptions?tenant=ten_1");
  await screen.findByText("not known", {}, late);
  server.answers["GET /stats/subscriptions"] = { data: [], complete: true };
  fireEvent.click(await button("Try again"));
  await screen.findByText("no attempts", {}, late);
});

test("an event to try a filter on is sent as it is written", async () => {
  const server = fakeServer({
    ...answers(),
    "POST /subscriptions/filter-test": { matches: false, error: "a string and a number have no order" },
  });
  open("/subscriptions/sub_1?tenant=ten_1");
  fireEvent.click(await button("Edit"));
  fireEvent.click(await screen.findByText("One event", {}, late));
  fireEvent.change(await screen.findByLabelText("Type of the event"), { target: { value: "order.paid" } });
  fireEvent.change(screen.getByLabelText("Data of the event"), { target: { value: '{"n": 1.0}' } });
  fireEvent.click(await button("Try the filter"));
  await screen.findByText(/the filter fails on this event. A string and a number/, {}, late);
  const tried = server.seen.find(({ method }) => method === "POST");
  expect(tried?.body).toBe(
    '{"filter":null,"event_types":[],"event":{"type":"order.paid","data":{"n": 1.0}}}',
  );
});

test.each([
  ["paused", null, "Deliveries are made, and wait until it is resumed.", "Resume"],
  ["disabled", "failing", "Nothing succeeded there for five days.", "Enable"],
] as const)("one that is %s tells why, and is started there", async (status, disabled_reason, why, act) => {
  const server = fakeServer({
    ...answers(),
    "GET /subscriptions/sub_1": { ...aSubscription, status, disabled_reason },
    "PATCH /subscriptions/sub_1": aSubscription,
  });
  open("/subscriptions/sub_1?tenant=ten_1");
  await screen.findByText(why, {}, late);
  fireEvent.click(await button(act));
  if (status === "disabled") fireEvent.click(within(await screen.findByRole("dialog")).getByText(act));
  await waitFor(() => expect(bodies(server, "PATCH")).toEqual([{ status: "active" }]));
});
