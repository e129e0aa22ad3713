import { configure, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cache } from "../../api/cache";
import { dropLink, enterPortal, inPortal } from "../../api/portal";
import type { Session } from "../../api/session";
import { openPortal } from "../../test/app";
import { aDelivery, anAttempt, anEvent, aStats, aSubscription } from "../../test/rows";
import { aProblem, fakeServer, page, type Seen } from "../../test/server";

// Screens are loaded when they are first gone to.
configure({ asyncUtilTimeout: 8_000 });

const reader: Session = {
  actor: "portal_link",
  tenant_id: "ten_1",
  csrf_token: null,
  scopes: ["events:read", "subscriptions:read", "deliveries:read", "sources:read", "schedules:read"],
  expires_at: null,
  portal: null,
};
const writer: Session = { ...reader, scopes: ["*"] };

const answers = (session: Session) => ({
  "GET /session": session,
  "GET /deliveries": page(aDelivery),
  "GET /deliveries/dlv_1": aDelivery,
  "GET /deliveries/dlv_1/attempts": page(anAttempt),
  "GET /events": page(anEvent),
  "GET /events/evt_1": anEvent,
  "GET /subscriptions": page(aSubscription),
  "GET /subscriptions/sub_1": aSubscription,
  "GET /stats": aStats,
});

const heading = (name: string | RegExp) => screen.findByRole("heading", { level: 1, name });
const tokens = (seen: Seen[]) => new Set(seen.map(({ headers }) => headers.get("Authorization")));

beforeEach(() => {
  Object.defineProperty(window, "scrollTo", { value: () => undefined, configurable: true });
});

afterEach(() => {
  vi.restoreAllMocks();
  dropLink();
  window.sessionStorage.clear();
  window.history.replaceState(null, "", "/");
  enterPortal();
});

describe("a link into the portal", () => {
  test("opens it, with its token in every request and no cookie", async () => {
    const server = fakeServer(answers(writer));
    openPortal("/portal#phl_first");
    await heading("Overview");
    await waitFor(() => expect(server.seen.some(({ path }) => path === "/stats")).toBe(true));
    expect(tokens(server.seen)).toEqual(new Set(["Bearer phl_first"]));
    expect(server.seen.every(({ credentials }) => credentials === "omit")).toBe(true);
  });

  test("is no longer in the address, and leads on from there when the page is loaded anew", async () => {
    const server = fakeServer(answers(writer));
    openPortal("/portal#phl_first");
    await heading("Overview");
    expect(window.location.href).not.toContain("phl_first");

    openPortal("/portal/deliveries/dlv_1");
    await heading("Delivery dlv_1");
    expect(tokens(server.seen)).toEqual(new Set(["Bearer phl_first"]));
  });

  test("leads within the portal's addresses", async () => {
    fakeServer(answers(writer));
    openPortal("/portal#phl_first");
    const link = await screen.findByRole("link", { name: "Deliveries" });
    expect(link.getAttribute("href")).toBe("/portal/deliveries");
    fireEvent.click(link);
    await heading("Deliveries");
    expect(window.location.pathname).toBe("/portal/deliveries");
  });

  test("is of its tenant, whatever the address says", async () => {
    const server = fakeServer(answers(writer));
    openPortal("/portal/deliveries?tenant=ten_2#phl_first");
    await screen.findByRole("link", { name: "dlv_1" });
    expect(server.seen.every(({ headers }) => !headers.has("Posthaste-Tenant"))).toBe(true);
  });

  test("takes the place of the one before it, with all that it showed", async () => {
    const server = fakeServer(answers(writer));
    openPortal("/portal/deliveries#phl_first");
    await screen.findByRole("link", { name: "dlv_1" });

    server.seen.length = 0;
    server.answers["GET /deliveries"] = page({ ...aDelivery, id: "dlv_2" });
    window.history.replaceState(null, "", "/portal/deliveries#phl_second");
    window.dispatchEvent(new HashChangeEvent("hashchange"));
    await screen.findByRole("link", { name: "dlv_2" });
    expect(screen.queryByRole("link", { name: "dlv_1" })).toBe(null);
    expect(tokens(server.seen)).toEqual(new Set(["Bearer phl_second"]));
    expect(window.location.hash).toBe("");
  });

  test("works where the browser keeps nothing for the page", async () => {
    vi.spyOn(window, "sessionStorage", "get").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    fakeServer(answers(writer));
    openPortal("/portal/deliveries#phl_first");
    await screen.findByRole("link", { name: "dlv_1" });
  });
});

describe("a link that has ended", () => {
  test("says so, and asks for no key", async () => {
    fakeServer({ "GET /session": aProblem(401, { title: "Unauthorized" }) });
    openPortal("/portal/deliveries#phl_gone");
    await heading("This link has ended");
    screen.getByText("Ask for a new one where you got it.");
    expect(screen.queryByLabelText(/Key/)).toBe(null);
    expect(window.location.pathname).toBe("/portal/deliveries");
  });

  test("is told of by whichever request finds out", async () => {
    fakeServer({ ...answers(writer), "GET /deliveries": aProblem(401, { title: "Unauthorized" }) });
    openPortal("/portal/deliveries#phl_first");
    await heading("This link has ended");
  });

  test("does not end the one that was opened meanwhile", async () => {
    const server = fakeServer(answers(writer));
    const ask = window.fetch.bind(window);
    let refuse: (response: Response) => void = () => undefined;
    vi.stubGlobal("fetch", (request: Request | string, init?: RequestInit) => {
      const isOld = request instanceof Request && request.headers.get("Authorization") === "Bearer phl_first";
      return isOld && request.url.includes("/deliveries")
        ? new Promise<Response>((resolve) => (refuse = resolve))
        : ask(request, init);
    });
    openPortal("/portal/deliveries#phl_first");
    await heading("Deliveries");
    window.history.replaceState(null, "", "/portal/deliveries#phl_second");
    window.dispatchEvent(new HashChangeEvent("hashchange"));
    await screen.findByRole("link", { name: "dlv_1" });
    refuse(aProblem(401, { title: "Unauthorized" }));
    await new Promise((done) => setTimeout(done, 50));
    expect(screen.queryByText("This link has ended")).toBe(null);
    expect(server.seen.some(({ path }) => path === "/deliveries")).toBe(true);
  });
});

test("without a link nothing is asked for", async () => {
  const server = fakeServer(answers(writer));
  openPortal("/portal");
  await heading("No link is open");
  expect(server.seen).toEqual([]);
});

test("who leaves is out, and the server is asked nothing", async () => {
  const server = fakeServer(answers(writer));
  openPortal("/portal/deliveries#phl_first");
  await screen.findByRole("link", { name: "dlv_1" });
  server.seen.length = 0;
  fireEvent.click(screen.getByRole("button", { name: "Leave" }));
  await heading("No link is open");
  expect(server.seen).toEqual([]);
  openPortal("/portal/deliveries");
  await heading("No link is open");
});

test("it has no sign-in, and nothing of the operator's", async () => {
  const server = fakeServer(answers(writer));
  openPortal("/portal/sign-in#phl_first");
  await heading("No such page");
  openPortal("/portal/tenants");
  await heading("Not allowed");
  expect(screen.queryByRole("link", { name: "Tenants" })).toBe(null);
  expect(screen.queryByRole("link", { name: "Keys" })).toBe(null);
  expect(screen.queryByLabelText("Tenant")).toBe(null);
  expect(server.seen.some(({ path }) => path === "/tenants")).toBe(false);
});

describe("a link that only reads", () => {
  const acts =
    /^(New|Create|Add|Edit|Import|Send|Delete|Discard|Pause|Resume|Cancel|Redeliver|Replay|Reveal|Rotate)/;

  const offered = () =>
    [...screen.queryAllByRole("button"), ...screen.queryAllByRole("link")]
      .map((element) => element.getAttribute("aria-label") ?? element.textContent)
      .filter((label) => acts.test(label) && label !== "Replays");

  test("is told from one that writes by what is offered", async () => {
    fakeServer(answers(writer));
    openPortal("/portal/subscriptions/sub_1#phl_first");
    await heading(/Subscription/);
    await waitFor(() => expect(offered()).toContain("Delete"));
  });

  test.each([
    ["/portal", "Overview"],
    ["/portal/events", "Events"],
    ["/portal/events/evt_1", "Event evt_1"],
    ["/portal/deliveries", "Deliveries"],
    ["/portal/deliveries/dlv_1", "Delivery dlv_1"],
    ["/portal/dead-letters", "Dead letters"],
    ["/portal/replays", "Replays"],
    ["/portal/replays/new", "Not allowed"],
    ["/portal/subscriptions", "Subscriptions"],
    ["/portal/subscriptions/sub_1", /Subscription/],
    ["/portal/event-types", "Event types"],
    ["/portal/bins", "Bins"],
    ["/portal/audit", "Audit log"],
  ])("is offered no act on %s", async (address, name) => {
    const deadLetter = { ...aDelivery, dead_at: aDelivery.created_at, resolved_at: null, resolution: null };
    const bin = { id: "bin_1", name: "a", url: "https://x/bin/bin_1", has_secret: false };
    const server = fakeServer({
      ...answers(reader),
      "GET /dead-letters": page(deadLetter),
      "GET /bins": page({ ...bin, response: { status: 200, delay_ms: 0 }, created_at: aDelivery.created_at }),
    });
    openPortal(`${address}#phl_first`);
    await heading(name);
    await waitFor(() => expect(cache.isFetching()).toBe(0));
    expect(offered()).toEqual([]);
    expect(server.seen.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});

test("who may not see the overview is led to the first screen that there is", async () => {
  const server = fakeServer(answers({ ...reader, scopes: ["subscriptions:read"] }));
  openPortal("/portal#phl_first");
  await heading("Subscriptions");
  expect(server.seen.some(({ path }) => path === "/stats")).toBe(false);
  openPortal("/portal/deliveries#phl_first");
  await heading("Not allowed");
  expect(server.seen.some(({ path }) => path === "/deliveries")).toBe(false);
});

describe("how it looks", () => {
  const look = { name: "Example hooks", primary_color: "#ffd400", logo_url: "https://example.com/logo.svg" };

  test("is configured: logo, name and colour", async () => {
    fakeServer(answers({ ...writer, portal: look }));
    openPortal("/portal/deliveries#phl_first");
    const logo = await screen.findByRole("img", { name: "Example hooks" });
    expect(logo.getAttribute("src")).toBe("https://example.com/logo.svg");
    await heading("Deliveries");
    await waitFor(() => expect(document.title).toBe("Deliveries · Example hooks"));
    expect(screen.queryByText("Posthaste")).toBe(null);
    const styles = [...document.querySelectorAll("style")].map((style) => style.textContent).join("");
    expect(styles).toContain("--mantine-color-brand-7: #ffd400");
  });

  test("is its name where it has no logo, and Posthaste's where it has neither", async () => {
    fakeServer(answers({ ...writer, portal: { ...look, logo_url: null } }));
    openPortal("/portal/deliveries#phl_first");
    await screen.findByText("Example hooks");
    fakeServer(answers(writer));
    openPortal("/portal/deliveries#phl_first");
    await screen.findByText("Posthaste");
  });

  test.each(["/portal?theme=dark#phl_first", "/portal#phl_first?theme=dark"])("is as %s says", (address) => {
    window.history.replaceState(null, "", address);
    enterPortal();
    expect(window.location.pathname + window.location.search + window.location.hash).toBe("/portal");
    expect(window.sessionStorage.getItem("posthaste-portal-color-scheme")).toBe("dark");
    expect(window.sessionStorage.getItem("posthaste-portal-token")).toBe("phl_first");
  });
});

test("what is not below /portal is no portal", () => {
  window.history.replaceState(null, "", "/portals#phl_first");
  expect(enterPortal()).toBe(false);
  expect(inPortal()).toBe(false);
  expect(window.location.hash).toBe("#phl_first");
});
