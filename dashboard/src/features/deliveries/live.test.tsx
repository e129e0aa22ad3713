import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { open } from "../../test/app";
import { aDelivery } from "../../test/rows";
import { fakeServer, operator, page } from "../../test/server";
import { deliveryEvent, fakeStreams, type FakeStream } from "../../test/streams";
import { fits, streamed } from "./live";

afterEach(() => vi.restoreAllMocks());

const listed = { ...aDelivery, id: "dlv_1", status: "retrying" as const };
const newer = { ...aDelivery, id: "dlv_2", created_at: "2026-01-21T12:00:01.000Z" };

async function live(address = "/deliveries?tenant=ten_1&live=true") {
  const server = fakeServer({ "GET /session": operator, "GET /deliveries": page(listed) });
  const { streams } = fakeStreams();
  const router = open(address);
  await screen.findByRole("link", { name: "dlv_1" }, { timeout: 8_000 });
  // Strict mode mounts twice: the first one is ended at once.
  await waitFor(() => expect(streams).toHaveLength(2));
  const stream = await opened(streams);
  stream.send("retry: 10\nid: 1\n: open\n\n");
  await screen.findByText(/^Live:/);
  return { server, streams, stream, router };
}

/** The one that is open. */
async function opened(streams: FakeStream[], before?: FakeStream): Promise<FakeStream> {
  return waitFor(() => {
    const stream = streams.findLast((one) => !one.aborted() && one !== before);
    if (stream === undefined) throw new Error("No stream is open");
    return stream;
  });
}

const shown = () => screen.getAllByRole("row").flatMap((row) => within(row).queryAllByText(/^dlv_/));
const names = () => shown().map(({ textContent }) => textContent);

test("new deliveries come on top, and changed ones change in their place", async () => {
  const { stream } = await live();
  stream.send(deliveryEvent(newer) + deliveryEvent({ ...listed, status: "succeeded" }));
  await screen.findByRole("link", { name: "dlv_2" });
  expect(names()).toEqual(["dlv_2", "dlv_1"]);
  within(screen.getByRole("table")).getByText("succeeded");
});

test("who has scrolled down is told of new ones, and shown them when they ask", async () => {
  const { stream } = await live();
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, -300, 100, 100));
  const scroll = vi.spyOn(HTMLElement.prototype, "scrollIntoView").mockReturnValue();
  stream.send(deliveryEvent(newer));
  fireEvent.click(await screen.findByRole("button", { name: "Show 1 new" }));
  expect(scroll).toHaveBeenCalled();
  expect(names()).toEqual(["dlv_2", "dlv_1"]);
});

test("a break is told, and what was missed comes after it", async () => {
  const { streams, stream } = await live();
  stream.tear();
  const next = await opened(streams, stream);
  expect(next.request.headers.get("Last-Event-ID")).toBe("1");
  screen.getByText(/reconnecting/);
  next.send(": open\n\n" + deliveryEvent(newer));
  await screen.findByRole("link", { name: "dlv_2" });
});

test("after a gap the list is loaded anew", async () => {
  const { server, stream } = await live();
  server.answers["GET /deliveries"] = page(newer, listed);
  stream.send("event: gap\ndata: {}\n\n");
  await screen.findByRole("link", { name: "dlv_2" });
});

test("a tab that is hidden follows nothing, and goes on when it is looked at", async () => {
  const { streams, stream } = await live();
  const state = vi.spyOn(document, "visibilityState", "get");
  const turn = (to: DocumentVisibilityState) =>
    act(() => {
      state.mockReturnValue(to);
      document.dispatchEvent(new Event("visibilitychange"));
    });
  turn("hidden");
  await screen.findByText(/^Paused/);
  expect(stream.aborted()).toBe(true);
  turn("visible");
  const next = await opened(streams);
  expect(next.request.headers.get("Last-Event-ID")).toBe("1");
});

test("the switch is in the address, and turning it off ends the stream", async () => {
  const { stream, router } = await live();
  fireEvent.click(screen.getByRole("switch", { name: "Live" }));
  await waitFor(() => expect(router.state.location.search).not.toHaveProperty("live"));
  await waitFor(() => expect(stream.aborted()).toBe(true));
  await screen.findByRole("button", { name: "Refresh" });
});

test("a time that has an end cannot be live", async () => {
  fakeServer({ "GET /session": operator, "GET /deliveries": page(listed) });
  const { streams } = fakeStreams();
  open("/deliveries?live=true&to=2026-01-21T13:00:00Z");
  await screen.findByRole("link", { name: "dlv_1" }, { timeout: 8_000 });
  expect(streams).toHaveLength(0);
  expect(screen.getByRole("switch")).toHaveProperty("disabled", true);
});

test("the server chooses by final states only: others are left", () => {
  const from = "2026-01-21T12:00:00.000Z";
  expect(streamed({ status: ["failed"], failure_reason: ["gone"], range: "1h" }, from)).toEqual({
    status: ["failed"],
    failure_reason: ["gone"],
    from,
  });
  expect(streamed({ status: ["failed", "retrying"], event_type: "a" }, from)).toEqual({
    event_type: "a",
    from,
  });
  expect(fits({ status: ["retrying"] }, { ...aDelivery, status: "failed" })).toBe(false);
  expect(fits({ failure_reason: ["gone"] }, aDelivery)).toBe(false);
  expect(fits({}, aDelivery)).toBe(true);
});
