import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Replay } from "../../api/replays";
import { open } from "../../test/app";
import { aReplay, aStats, aSubscription } from "../../test/rows";
import { aProblem, fakeServer, operator, page } from "../../test/server";
import { deliveriesOf } from "./deliveriesOf";

const answers = (replay: Replay = aReplay) => ({
  "GET /session": operator,
  "GET /subscriptions": page(aSubscription),
  "GET /stats": aStats,
  "GET /replays": page(replay),
  "GET /replays/rpl_1": replay,
  "POST /replays": { matched: 1204 },
});

const window = "from=2026-01-21T12:00:00.000Z&to=2026-01-21T13:00:00.000Z";

test("a window in the address is counted, and replayed as it was counted once that is confirmed", async () => {
  const server = fakeServer(answers());
  const router = open(`/replays/new?tenant=ten_1&${window}&statuses=cancelled&event_type=order.*&rate=50`);
  const start = await screen.findByRole("button", { name: "Replay 1,204" }, { timeout: 8_000 });
  screen.getByText("1,204 deliveries would be made, which takes 24 seconds at 50 per second.");
  server.answers["POST /replays"] = Response.json(aReplay, { status: 202 });
  fireEvent.click(start);
  const dialog = await screen.findByRole("dialog");
  fireEvent.click(within(dialog).getByRole("button", { name: "Replay 1,204" }));
  await screen.findByRole("heading", { level: 1, name: "Replay rpl_1" });
  expect(router.state.location.pathname).toBe("/replays/rpl_1");
  const [counted, started] = server.seen
    .filter(({ method }) => method === "POST")
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(started).toEqual({
    from: "2026-01-21T12:00:00.000Z",
    to: "2026-01-21T13:00:00.000Z",
    statuses: ["cancelled"],
    event_types: ["order.*"],
    rate_per_second: 50,
  });
  expect(counted).toEqual({ ...started, dry_run: true });
});

test("an edge that is moved is in the address, and is counted anew", async () => {
  const server = fakeServer(answers());
  const router = open(`/replays/new?tenant=ten_1&${window}`);
  await screen.findByRole("button", { name: "Replay 1,204" }, { timeout: 8_000 });
  // The figures' one bar is from 12 to 13 h, as the window is: it stays, and the picture is pinned.
  fireEvent.keyDown(await screen.findByRole("slider", { name: "End of the window" }), { key: "ArrowLeft" });
  await waitFor(() => {
    expect(router.state.location.search).toMatchObject({
      from: "2026-01-21T12:00:00.000Z",
      to: "2026-01-21T13:00:00.000Z",
      shown_from: "2026-01-21T11:00:00.000Z",
    });
  });
  expect(server.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
});

test("reasons are of those that failed, and of no others", async () => {
  const server = fakeServer(answers());
  const asked = (statuses: string) =>
    `/replays/new?tenant=ten_1&${window}&failure_reason=timeout&${statuses}`;
  open(asked("statuses=failed&statuses=missing"));
  await screen.findByRole("button", { name: "Replay 1,204" }, { timeout: 8_000 });
  open(asked("statuses=missing"));
  await screen.findByRole("button", { name: "Replay 1,204" }, { timeout: 8_000 });
  const [first, second] = server.seen
    .filter(({ method }) => method === "POST")
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(first).toMatchObject({ failure_reasons: ["timeout"] });
  expect(second).not.toHaveProperty("failure_reasons");
});

test("a fault of the count is told at its field, and nothing can be started", async () => {
  const fault = { pointer: "/event_types/0", detail: "This is no pattern." };
  fakeServer({ ...answers(), "POST /replays": aProblem(422, { title: "No", errors: [fault] }) });
  open(`/replays/new?tenant=ten_1&${window}&event_type=a..b`);
  await screen.findByText("This is no pattern.", {}, { timeout: 8_000 });
  expect(screen.getByRole("button", { name: "Replay" })).toHaveProperty("disabled", true);
});

test("without a tenant nothing is counted", async () => {
  const server = fakeServer(answers());
  open("/replays/new");
  await screen.findByText(/Choose a tenant/, {}, { timeout: 8_000 });
  expect(server.seen.some(({ method }) => method === "POST")).toBe(false);
});

test("how far a replay is, is told in words, and it is paused where it is", async () => {
  const server = fakeServer({ ...answers(), "POST /replays/rpl_1/pause": { ...aReplay, status: "paused" } });
  open("/replays/rpl_1?tenant=ten_1");
  const bar = await screen.findByRole("progressbar", {}, { timeout: 8_000 });
  expect(bar.getAttribute("aria-valuetext")).toBe(
    "70 of 100 made: 40 succeeded, 10 failed, 5 skipped, 15 under way, 30 to be made",
  );
  fireEvent.click(screen.getByRole("button", { name: "Pause" }));
  await screen.findByText("The replay is paused.");
  expect(server.seen.some(({ path }) => path === "/replays/rpl_1/pause")).toBe(true);
});

test("a replay that is over offers no acts", async () => {
  fakeServer(answers({ ...aReplay, status: "completed", enqueued: 95, succeeded: 80, failed: 15 }));
  open("/replays/rpl_1?tenant=ten_1");
  await screen.findByRole("link", { name: "Those that failed" }, { timeout: 8_000 });
  expect(screen.queryByRole("button", { name: "Cancel" })).toBeNull();
});

test("a replay's deliveries are those of the instant at which it was asked for", () => {
  expect(deliveriesOf({ ...aReplay, created_at: "2026-01-21T12:00:00.999Z" })).toMatchObject({
    from: "2026-01-21T12:00:00.999Z",
    to: "2026-01-21T12:00:01.000Z",
  });
});
