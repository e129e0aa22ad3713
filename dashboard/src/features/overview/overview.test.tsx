import { configure, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import type { Session } from "../../api/session";
import { open } from "../../test/app";
import { aDelivery, aStats, theLanes, theWorst } from "../../test/rows";
import { aProblem, fakeServer, operator, page } from "../../test/server";

// Screens are loaded when they are first gone to.
configure({ asyncUtilTimeout: 8_000 });

const tenant_id = "ten_1";
const answers = () => ({
  "GET /session": operator,
  "GET /stats": aStats,
  "GET /stats/subscriptions": { ...theWorst, data: theWorst.data.map((row) => ({ ...row, tenant_id })) },
  "GET /lanes": { ...theLanes, data: theLanes.data.map((row) => ({ ...row, tenant_id })) },
  "GET /deliveries": page({ ...aDelivery, tenant_id }),
  "GET /stream": aProblem(503, { title: "Unavailable" }, { "Retry-After": "5" }),
});
const part = (name: string) => screen.findByRole("region", { name });
const href = (link: HTMLElement) => decodeURIComponent(link.getAttribute("href") ?? "");

/** A stream that tells what it is given, as long as nobody stops reading it. */
function aStream() {
  let told: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (told = controller) });
  const tell = (text: string) => told.enqueue(new TextEncoder().encode(text));
  const answer = () => new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  return { tell, answer };
}

describe("the overview", () => {
  test("tells of the worst subscriptions, with the tenant of each and its failed deliveries", async () => {
    const server = fakeServer(answers());
    open("/?range=1h");
    const worst = within(await part("Worst subscriptions"));
    const link = await worst.findByRole("link", { name: "https://example.com/webhooks" });
    expect(href(link)).toBe("/subscriptions/sub_1?tenant=ten_1");
    worst.getByText("90 %");
    worst.getByText(/1 of 10 attempts failed, 1 dead letter/);
    worst.getByRole("img", { name: /most from .*: 1$/ });
    expect(href(worst.getByRole("link", { name: "Failed deliveries" }))).toBe(
      "/deliveries?subscription_id=sub_1&status=retrying&status=failed&range=1h&tenant=ten_1",
    );
    const asked = server.seen.find(({ path }) => path === "/stats/subscriptions")?.query;
    expect(asked?.get("limit")).toBe("5");
    expect(asked?.get("bucket")).toBe("1m");
  });

  test("leads from a reason to the deliveries that failed for it", async () => {
    fakeServer(answers());
    open("/");
    const link = await screen.findByRole("link", { name: "http_status" });
    expect(href(link)).toBe("/deliveries?failure_reason=http_status&range=24h");
  });

  test("tells the operator how full the queue is, and the lanes that are not served", async () => {
    fakeServer(answers());
    open("/");
    const waits = within(await part("What waits"));
    await waits.findByText("1 lane behind, open or paused, 0 served.");
    waits.getByText(/^In the queue: 2 lanes, 1 open, 0 paused\./);
    waits.getByText("6,000 ms");
    waits.getByText(/10,000 or more wait, due since/);
    waits.getByText(/7 failures in a row/);
  });

  test("tells nobody else of the queue, and says when it cannot be reached", async () => {
    const server = fakeServer({ ...answers(), "GET /lanes": { ...theLanes, queue: null } });
    open("/?tenant=ten_1");
    await within(await part("What waits")).findByText(/1 lane behind/);
    expect(screen.queryByText("In flight")).toBeNull();
    expect(server.seen.find(({ path }) => path === "/lanes")?.headers.get("Posthaste-Tenant")).toBe("ten_1");

    open("/");
    await screen.findByText(/The queue cannot be reached/);
  });

  test("tells what went wrong with a part in that part, and the rest all the same", async () => {
    const server = fakeServer({ ...answers(), "GET /lanes": aProblem(403, { title: "Forbidden" }) });
    open("/");
    const waits = within(await part("What waits"));
    expect((await waits.findByRole("alert")).textContent).toContain("Forbidden");
    await screen.findAllByText("90 %");
    server.answers["GET /lanes"] = theLanes;
    fireEvent.click(waits.getByRole("button", { name: "Try again" }));
    await waits.findByText(/1 lane behind/);
  });

  test("has what the charts show as a table", async () => {
    fakeServer(answers());
    open("/");
    await screen.findByRole("link", { name: "http_status" });
    const details = screen.getByText("The charts as a table").closest("details");
    if (details === null) throw new Error("it can be opened");
    details.open = true;
    fireEvent(details, new Event("toggle"));
    const table = await screen.findByRole("table", { name: "Attempts over time" });
    expect(within(table).getAllByRole("row")[1]?.textContent).toMatch(/10.*9.*1.*20 ms.*80 ms.*200 ms/);
  });

  test("says when nothing was sent, and leads on only where one may go", async () => {
    const totals = { ...aStats.totals, events: 0, attempts: 0, succeeded: 0, failed: 0 };
    const session: Session = { ...operator, actor: "key", tenant_id, scopes: ["deliveries:read"] };
    fakeServer({
      "GET /session": session,
      "GET /stats": { ...aStats, totals, failure_reasons: {} },
      "GET /stats/subscriptions": theWorst,
      "GET /lanes": { ...theLanes, queue: null },
    });
    open("/");
    await screen.findByText("Nothing was sent in this time.");
    await within(await part("Worst subscriptions")).findByText("https://example.com/webhooks");
    expect(screen.queryByRole("link", { name: "https://example.com/webhooks" })).toBeNull();
    expect(screen.queryByRole("link", { name: "See the subscriptions" })).toBeNull();
  });

  test("is not asked for by a key that may not see it", async () => {
    const session: Session = { ...operator, actor: "key", tenant_id, scopes: ["events:write"] };
    const server = fakeServer({ ...answers(), "GET /session": session });
    open("/");
    await screen.findByText("Overview needs the scope deliveries:read, which you do not have.");
    expect(server.seen.map(({ path }) => path)).toEqual(["/session"]);
  });
});

describe("live", () => {
  test("shows what fails as it does, takes away what succeeds, and loads the figures anew", async () => {
    const stream = aStream();
    const server = fakeServer(answers());
    server.answers["GET /stream"] = stream.answer();
    open("/");
    stream.tell("id: 1\n: open\n\n");
    expect((await screen.findByText("Live")).closest("[role=status]")).not.toBeNull();
    const last = within(await part("Failed last"));
    await last.findByRole("link", { name: "content.published" });
    await screen.findAllByText("90 %");

    server.answers["GET /stats"] = { ...aStats, totals: { ...aStats.totals, succeeded: 8, failed: 2 } };
    const failed = { ...aDelivery, id: "dlv_2", event_type: "content.deleted", tenant_id };
    stream.tell(`event: delivery\ndata: ${JSON.stringify(failed)}\n\n`);
    const link = await last.findByRole("link", { name: "content.deleted" });
    expect(href(link)).toBe("/deliveries/dlv_2?tenant=ten_1");
    expect(last.getAllByRole("listitem")[0]?.textContent).toContain("content.deleted");
    await screen.findAllByText("80 %");

    stream.tell(`event: delivery\ndata: ${JSON.stringify({ ...failed, status: "succeeded" })}\n\n`);
    await waitFor(() => expect(last.queryByText("content.deleted")).toBeNull());
  });

  test("says that it tries again where no stream can be opened, and shows the figures", async () => {
    fakeServer(answers());
    open("/");
    await screen.findByText("Reconnecting…");
    await screen.findByText("http_status");
  });
});
