import type { Page } from "@playwright/test";
import { accessible } from "./support/axe";
import { busy, failing, good } from "./support/receiver";
import { expect, nobody, test as base } from "./support/test";
import { take } from "./support/api";
import { Tenant } from "./support/tenant";
import { agree, heading } from "./support/ui";

const API = "/api/v1/webhooks";

interface Household {
  tenant: Tenant;
  /** The addresses of screens about one thing. */
  event: string;
  delivery: string;
  dead: string;
  subscription: string;
  replay: string;
  bin: string;
}

/** One tenant that has something of everything, for all tests of a worker: they only look at it. */
const test = base.extend<object, { household: Household }>({
  household: [
    async ({ server }, provide) => {
      const tenant = await Tenant.make(server.url, { metadata: { plan: "large" } });
      await furnish(tenant).then((rest) => provide({ tenant, ...rest }));
      tenant.close();
    },
    { scope: "worker" },
  ],
});

async function furnish(tenant: Tenant): Promise<Omit<Household, "tenant">> {
  const { api } = tenant;
  await tenant.describe("order.paid", { amount: 1 });
  await take(api.POST(`${API}/event-types`, { body: { name: "order.payed", deprecated: true } }));
  const bin = await take(api.POST(`${API}/bins`, { body: { name: "orders" } }));
  const { id: subscription } = await tenant.subscribe(await tenant.receiver(failing), {
    event_types: ["order.*"],
    filter: "data.amount > 0",
    headers: { "x-api-key": "secret" },
  });
  await tenant.subscribe(await tenant.receiver(good), { description: "The good one" });
  await tenant.subscribe(await tenant.receiver(busy), { event_types: ["user.*"] });
  await tenant.subscribe(await tenant.receiver(good), { status: "paused" });
  await tenant.subscribe({ url: bin.url });
  await take(
    api.POST(`${API}/tenants/{id}/keys`, {
      params: { path: { id: tenant.id } },
      body: { name: "reader", scopes: ["events:read"] },
    }),
  );
  await take(
    api.POST(`${API}/tenants/{id}/portal-links`, {
      params: { path: { id: tenant.id } },
      body: { permissions: "read" },
    }),
  );
  const event = await tenant.post("order.paid", { amount: 5, to: "Zoë" }, { correlation_id: "run-1" });
  await tenant.post("user.left");
  const dead = await tenant.one("failed");
  await tenant.one("retrying");
  const [delivery] = await tenant.until(4, "succeeded");
  const replay = await take(
    api.POST(`${API}/replays`, {
      body: {
        from: new Date(Date.parse(dead.created_at) - 60_000).toISOString(),
        to: new Date(Date.parse(dead.created_at) + 60_000).toISOString(),
        statuses: ["succeeded"],
      },
    }),
  );
  if (!("id" in replay)) throw new Error("A replay was only counted");
  return {
    event: `/events/${event}`,
    delivery: `/deliveries/${delivery?.id ?? ""}`,
    dead: `/deliveries/${dead.id}`,
    subscription: `/subscriptions/${subscription}`,
    replay: `/replays/${replay.id}`,
    bin: `/bins/${bin.id}`,
  };
}

const screens: Record<string, (of: Household) => string> = {
  "the overview": () => "/",
  events: () => "/events",
  "live events": () => "/events?live=true",
  "an event": ({ event }) => event,
  deliveries: () => "/deliveries?status=failed&status=succeeded&range=24h",
  "live deliveries": () => "/deliveries?live=true",
  "a delivery": ({ delivery }) => delivery,
  "a dead letter's delivery": ({ dead }) => dead,
  "dead letters": () => "/dead-letters",
  "resolved dead letters": () => "/dead-letters?resolved=true",
  replays: () => "/replays",
  "a new replay": () => "/replays/new?range=15m",
  "a replay": ({ replay }) => replay,
  subscriptions: () => "/subscriptions",
  "a subscription": ({ subscription }) => subscription,
  "event types": () => "/event-types",
  "an event type": () => "/event-types/order.paid",
  bins: () => "/bins",
  "a bin": ({ bin }) => bin,
  "the audit log": () => "/audit",
  keys: () => "/keys",
  tenants: () => "/tenants",
  "a tenant": ({ tenant }) => `/tenants/${tenant.id}`,
  "a page that is not there": () => "/nowhere",
};

/** Looked at in light and then, as the system changes, in dark. */
async function inBothColours(page: Page, what: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", colorScheme);
    await settled(page);
    await accessible(page, `${what}, ${colorScheme}`);
  }
}

/** Everything has come, and nothing moves any more. */
async function settled(page: Page): Promise<void> {
  await expect(
    page.locator("[aria-busy=true], .mantine-Skeleton-root[data-visible], [role=status][aria-label=Loading]"),
  ).toHaveCount(0);
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null))),
  );
}

for (const [what, address] of Object.entries(screens)) {
  test(`${what}: accessible in light and dark, and as narrow as a phone`, async ({ page, household }) => {
    await page.goto(household.tenant.at(address(household)));
    await expect(heading(page, /./)).toBeVisible();
    await inBothColours(page, what);
    await page.setViewportSize({ width: 375, height: 720 });
    await expect.poll(() => page.evaluate(() => document.documentElement.clientWidth)).toBe(375);
    await settled(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
  });
}

test("a new subscription's form: accessible in light and dark", async ({ page, household }) => {
  await page.goto(household.tenant.at("/subscriptions"));
  await page.getByRole("button", { name: "New subscription" }).click();
  const form = page.getByRole("dialog", { name: "New subscription" });
  await form.getByRole("button", { name: "Create" }).click();
  await expect(form.getByText("A url is needed.")).toBeVisible();
  for (const part of ["Delivery", "Format", "Signing", "Advanced"]) {
    await form.getByRole("button", { name: new RegExp(`^${part}`) }).click();
  }
  await inBothColours(page, "the form");
});

for (const [button, at] of [
  ["New event type", "/event-types"],
  ["Import", "/event-types"],
  ["New bin", "/bins"],
  ["New key", "/keys"],
] as const) {
  test(`${button}: its form is accessible in light and dark`, async ({ page, household }) => {
    await page.goto(household.tenant.at(at));
    await page.getByRole("button", { name: button, exact: true }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await inBothColours(page, button);
  });
}

test("what is asked before an act, and told after it: accessible in light and dark", async ({
  page,
  household,
}) => {
  await page.goto(household.tenant.at(household.delivery));
  await page.getByRole("button", { name: "Redeliver" }).click();
  await expect(page.getByRole("dialog", { name: "Redeliver?" })).toBeVisible();
  await inBothColours(page, "the question");
  await agree(page, "Redeliver?", "Redeliver");
  await expect(page.getByRole("alert")).toBeVisible();
  await accessible(page, "the answer");
});

test("the portal: accessible in light and dark", async ({ guest, household: { tenant } }) => {
  const link = await take(
    tenant.api.POST(`${API}/tenants/{id}/portal-links`, {
      params: { path: { id: tenant.id } },
      body: { permissions: "write" },
    }),
  );
  await guest.goto(link.url);
  await expect(heading(guest, "Overview")).toBeVisible();
  await inBothColours(guest, "the portal's overview");
  await guest.goto("/portal/deliveries");
  await expect(heading(guest, "Deliveries")).toBeVisible();
  await inBothColours(guest, "the portal's deliveries");
});

test.describe("without anybody signed in", () => {
  test.use({ storageState: nobody });

  test("sign-in: accessible in light and dark", async ({ page, faults }) => {
    faults.expect(/^answer 401 POST .*\/session$/);
    await page.goto("/sign-in");
    await page.getByLabel(/^Key/).fill("a-key-that-is-nobody's");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert")).toBeVisible();
    await inBothColours(page, "sign-in");
  });

  test("a portal without a link: accessible in light and dark", async ({ page }) => {
    await page.goto("/portal");
    await expect(heading(page, "No link is open")).toBeVisible();
    await inBothColours(page, "the portal");
  });
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 375, height: 720 }, hasTouch: true, isMobile: true });

  test("screens are gone to by the burger", async ({ page, household }) => {
    await page.goto(household.tenant.at("/"));
    const screens = page.getByRole("navigation", { name: "Screens" });
    await expect(screens.getByRole("link", { name: "Deliveries" })).not.toBeInViewport();
    await page.getByRole("button", { name: "Open navigation" }).tap();
    await expect(screens.getByRole("link", { name: "Deliveries" })).toBeInViewport();
    await settled(page);
    await accessible(page, "the navigation");
    await screens.getByRole("link", { name: "Deliveries" }).tap();
    await expect(heading(page, "Deliveries")).toBeVisible();
    await expect(screens.getByRole("link", { name: "Deliveries" })).not.toBeInViewport();
    expect(new URL(page.url()).searchParams.get("tenant")).toBe(household.tenant.id);
  });
});
