import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { open } from "../../test/app";
import { aDeadLetter, aGroup, aReplay, aSubscription } from "../../test/rows";
import { fakeServer, operator, page, type Seen } from "../../test/server";

const other = { ...aGroup, subscription_id: "sub_2", failure_reason: "timeout", count: 3 };

const serve = (more: object = {}) =>
  fakeServer({
    "GET /session": operator,
    "GET /subscriptions": page(aSubscription),
    "GET /dead-letters": page(aDeadLetter),
    "GET /dead-letters/groups": { data: [aGroup, other], complete: true },
    ...more,
  });

const button = (name: string | RegExp) => screen.findByRole("button", { name }, { timeout: 8_000 });
const posted = (seen: Seen[]) =>
  seen
    .filter(({ method }) => method === "POST")
    .map(({ path, body }) => ({ path, body: JSON.parse(body) as Record<string, unknown> }));

test("a group leads to its own, and many are then exactly these", async () => {
  const server = serve({ "POST /dead-letters/discard": { discarded: 3 } });
  const router = open("/dead-letters?tenant=ten_1&range=24h");
  fireEvent.click(await screen.findByRole("link", { name: "timeout" }, { timeout: 8_000 }));
  await waitFor(() => {
    expect(router.state.location.search).toMatchObject({
      range: "24h",
      subscription_id: "sub_2",
      failure_reason: "timeout",
    });
  });
  const listed = () => server.seen.findLast(({ path }) => path === "/dead-letters")?.query;
  await waitFor(() => expect(listed()?.getAll("failure_reason")).toEqual(["timeout"]));
  const chosen = await screen.findByRole("link", { name: "timeout" });
  expect(chosen.getAttribute("aria-current")).toBe("true");

  fireEvent.click(await button("Discard all that fit…"));
  fireEvent.click(await button("Discard 3 dead letters"));
  await screen.findByText("3 dead letters are discarded.");
  expect(posted(server.seen)).toMatchObject([
    { path: "/dead-letters/discard", body: { subscription_id: "sub_2", failure_reasons: ["timeout"] } },
  ]);
});

test("where groups cannot say how many there are, it is at least so many", async () => {
  serve({ "POST /dead-letters/replay": { matched: 7 } });
  open("/dead-letters?tenant=ten_1&event_type=content.published");
  fireEvent.click(await button("Discard all that fit…"));
  await button("Discard at least 7 dead letters");
});

test("a replay of many is counted first, and then followed where it was started", async () => {
  const server = serve({
    "POST /dead-letters/replay": { matched: 100 },
    "GET /replays/rpl_1": aReplay,
  });
  const router = open("/dead-letters?tenant=ten_1&failure_reason=http_status");
  fireEvent.click(await button("Replay all that fit…"));
  const agree = await button("Replay as 100 deliveries");
  server.answers["POST /dead-letters/replay"] = Response.json(aReplay, { status: 202 });
  fireEvent.click(agree);
  const link = await screen.findByRole("link", { name: "rpl_1" });
  expect(link.getAttribute("href")).toBe("/replays/rpl_1?tenant=ten_1");
  await screen.findByRole("progressbar", { name: "Progress" });
  expect(router.state.location.search).toMatchObject({ replay: "rpl_1", failure_reason: "http_status" });
  const [counted, started] = posted(server.seen).map(({ body }) => body);
  expect(counted).toEqual({ ...started, dry_run: true });
  expect(started).toMatchObject({ failure_reasons: ["http_status"] });

  fireEvent.click(await button("Hide"));
  await waitFor(() => expect(router.state.location.search).not.toHaveProperty("replay"));
});

test("a group of another tenant's leads to that tenant", async () => {
  serve({ "GET /dead-letters/groups": { data: [{ ...aGroup, tenant_id: "ten_2" }], complete: false } });
  open("/dead-letters");
  const groups = await screen.findByRole("table", { name: "Groups of dead letters" }, { timeout: 8_000 });
  const link = within(groups).getByRole("link", { name: "http_status" });
  expect(link.getAttribute("href")).toContain("tenant=ten_2");
  screen.getByText("These are the newest 100,000 dead letters.");
});

test("what is resolved is not grouped", async () => {
  const server = serve();
  open("/dead-letters?resolved=true");
  await screen.findByRole("table", { name: "dead letters" }, { timeout: 8_000 });
  expect(server.seen.some(({ path }) => path === "/dead-letters/groups")).toBe(false);
});
