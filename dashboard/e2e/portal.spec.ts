import { createServer } from "node:http";
import type { Page } from "@playwright/test";
import { failing, good } from "./support/receiver";
import { closeNow, listen } from "./support/listen";
import { startServer } from "./support/server";
import { Tenant } from "./support/tenant";
import { expect, test } from "./support/test";
import { agree, choose, fact, heading, rows, told } from "./support/ui";

/** Makes a link as an operator does. */
async function makeLink(page: Page, tenant: Tenant, may: "read" | "read and change"): Promise<string> {
  await page.goto(`/tenants/${tenant.id}`);
  await page.getByRole("button", { name: "New portal link" }).click();
  const form = page.getByRole("dialog", { name: "New portal link" });
  await form.getByRole("radio", { name: may, exact: true }).check();
  await choose(form, "For", "15 minutes");
  await form.getByRole("button", { name: "Create" }).click();
  const url = await form.getByRole("region", { name: "Portal link" }).innerText();
  await form.getByRole("button", { name: "Close" }).last().click();
  await expect(rows(page, "portal links")).toHaveText([new RegExp(`${may}.*Revoke`)]);
  return url;
}

test("a link that reads shows a tenant its webhooks, without sign-in and without acts", async ({
  page,
  guest,
  tenant,
  server,
}) => {
  await tenant.subscribe(await tenant.receiver(failing));
  const event = await tenant.post("order.paid");
  const { id } = await tenant.one("failed");
  const url = await makeLink(page, tenant, "read");
  expect(url).toMatch(new RegExp(`^${server.url}/portal#phl_[\\w-]{43}$`));

  await guest.goto(url);
  await expect(heading(guest, "Overview")).toBeVisible();
  await expect(fact(guest, "Dead letters")).toHaveText("1");
  // The credential is in no address that could be shown to somebody.
  expect(guest.url()).toBe(`${server.url}/portal`);
  expect(await guest.context().cookies()).toEqual([]);
  const screens = guest.getByRole("navigation", { name: "Screens" }).getByRole("link");
  await expect(screens).not.toContainText(["Keys"]);
  await expect(screens).not.toContainText(["Tenants"]);
  await expect(guest.getByRole("combobox", { name: "Tenant" })).toHaveCount(0);

  await screens.filter({ hasText: "Deliveries" }).click();
  await rows(guest, "deliveries").getByRole("link").first().click();
  await expect(heading(guest, `Delivery ${id}`)).toBeVisible();
  expect(new URL(guest.url()).pathname).toBe(`/portal/deliveries/${id}`);
  await expect(guest.getByText("Attempt 4: HTTP 503")).toBeVisible();
  await expect(guest.getByRole("button", { name: "Redeliver" })).toHaveCount(0);
  await fact(guest, "Subscription").getByRole("link").click();
  await expect(fact(guest, "Status")).toHaveText("active");
  for (const act of ["Pause", "Edit", "Delete", "Reveal", "Rotate", "Send test event"]) {
    await expect(guest.getByRole("button", { name: act })).toHaveCount(0);
  }
  await screens.filter({ hasText: "Dead letters" }).click();
  await expect(guest.getByText("order.paid").first()).toBeVisible();
  await expect(guest.getByRole("button", { name: /^(Replay|Discard)/ })).toHaveCount(0);
  await guest.goto(`/portal/events/${event}`);
  await expect(heading(guest, `Event ${event}`)).toBeVisible();
  // What it may not see is not there for it.
  await guest.goto("/portal/tenants");
  await expect(heading(guest, "Not allowed")).toBeVisible();

  await guest.getByRole("button", { name: "Leave" }).click();
  await expect(heading(guest, "No link is open")).toBeVisible();
  await guest.reload();
  await expect(heading(guest, "No link is open")).toBeVisible();
});

test("by a link that writes one sends again what failed, and changes subscriptions", async ({
  page,
  guest,
  tenant,
}) => {
  const receiver = await tenant.receiver(failing);
  const { id } = await tenant.subscribe(receiver);
  await tenant.post("order.paid");
  const dead = await tenant.one("failed");
  receiver.mood = good;
  const url = await makeLink(page, tenant, "read and change");

  await guest.goto(url.replace("/portal#", `/portal/deliveries/${dead.id}#`));
  await guest.getByRole("button", { name: "Redeliver" }).click();
  await agree(guest, "Redeliver?", "Redeliver");
  await expect(fact(guest, "Trigger")).toHaveText("redelivery");
  await expect(fact(guest, "Status")).toHaveText("succeeded");
  await fact(guest, "Subscription").getByRole("link").click();
  await guest.getByRole("button", { name: "Pause" }).click();
  await agree(guest, "Pause?", "Pause");
  await told(guest, "It is paused.");
  await expect(fact(guest, "Status")).toHaveText("paused");

  // Who did it is noted.
  await page.goto(tenant.at(`/audit?resource_id=${id}&action=subscription.updated`));
  await expect(rows(page, "entries")).toHaveText([/portal_link plk_/]);
});

test("a link that is revoked leads nowhere, at once", async ({ page, guest, tenant, faults }) => {
  faults.expect(/^answer 401 GET .*\/events$/);
  const url = await makeLink(page, tenant, "read");
  await guest.goto(url.replace("/portal#", "/portal/event-types#"));
  await expect(heading(guest, "Event types")).toBeVisible();
  await rows(page, "portal links").getByRole("button", { name: "Revoke" }).click();
  await agree(page, "Revoke?", "Revoke");
  await told(page, "The link is revoked.");
  await guest.getByRole("link", { name: "Events" }).click();
  await expect(heading(guest, "This link has ended")).toBeVisible();
  await guest.goto(url);
  await expect(heading(guest, "This link has ended")).toBeVisible();
});

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="28"><rect width="90" height="28"/></svg>';

/** A product that shows the portal inside a page of its own, at an address of another site. */
async function product() {
  const served = createServer((request, answer) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/logo.svg") return answer.writeHead(200, { "content-type": "image/svg+xml" }).end(LOGO);
    if (pathname !== "/") return answer.writeHead(204).end();
    const src = (searchParams.get("src") ?? "").replaceAll('"', "&quot;");
    return answer
      .writeHead(200, { "content-type": "text/html" })
      .end(
        `<!doctype html><title>Product</title><iframe title="Webhooks" width="1000" height="700" src="${src}"></iframe>`,
      );
  });
  const { port } = new URL(await listen(served));
  return { origin: `http://localhost:${port}`, close: () => closeNow(served) };
}

test("the portal stands inside a page of an allowed origin, with its name, colour and logo", async ({
  guest,
  faults,
}) => {
  faults.expect(/^console: .*frame-ancestors/, /^request: GET .*ERR_BLOCKED_BY_RESPONSE/);
  const allowed = await product();
  const other = await product();
  const server = await startServer({
    PORTAL_FRAME_ORIGINS: allowed.origin,
    PORTAL_NAME: "Example webhooks",
    PORTAL_PRIMARY_COLOR: "#0b7285",
    PORTAL_LOGO_URL: `${allowed.origin}/logo.svg`,
  });
  const tenant = await Tenant.make(server.url);
  await tenant.subscribe(await tenant.receiver(good));
  await tenant.post("order.paid");
  await tenant.until(1, "succeeded");
  const { data: link } = await tenant.api.POST("/api/v1/webhooks/tenants/{id}/portal-links", {
    params: { path: { id: tenant.id } },
    body: { permissions: "read" },
  });
  const src = (link?.url ?? "").replace("/portal#", "/portal/deliveries?theme=dark#");

  await guest.goto(`${allowed.origin}/?src=${encodeURIComponent(src)}`);
  const portal = guest.frameLocator("iframe[title=Webhooks]");
  await expect(portal.getByRole("heading", { level: 1, name: "Deliveries" })).toBeVisible();
  await expect(portal.getByRole("table", { name: "deliveries" })).toContainText("order.paid");
  await expect(portal.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  const logo = portal.getByRole("img", { name: "Example webhooks" });
  await expect(logo).toBeVisible();
  await expect.poll(() => logo.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(90);
  const colour = await portal
    .locator("html")
    .evaluate((html) => getComputedStyle(html).getPropertyValue("--mantine-color-brand-7"));
  expect(colour).toBe("#0b7285");
  await portal.getByRole("link", { name: "Events" }).click();
  await expect(portal.getByRole("heading", { level: 1, name: "Events" })).toBeVisible();
  expect(guest.url()).toContain(allowed.origin);

  await guest.goto(`${other.origin}/?src=${encodeURIComponent(src)}`);
  await expect.poll(() => guest.frames()[1]?.url()).toMatch(/^chrome-error:/);
  await expect(portal.getByRole("heading", { level: 1, name: "Deliveries" })).toHaveCount(0);

  await server.stop();
  tenant.close();
  allowed.close();
  other.close();
});

test("no page may show the operator's dashboard inside it", async ({ guest, server, faults }) => {
  faults.expect(/^console: .*frame-ancestors/, /^request: GET .*ERR_BLOCKED_BY_RESPONSE/);
  const other = await product();
  await guest.goto(`${other.origin}/?src=${encodeURIComponent(`${server.url}/deliveries`)}`);
  await expect.poll(() => guest.frames()[1]?.url()).toMatch(/^chrome-error:/);
  other.close();
});
