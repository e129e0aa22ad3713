import { apiOf } from "./support/api";
import { failing, good } from "./support/receiver";
import { Tenant } from "./support/tenant";
import { expect, test } from "./support/test";
import { agree, choose, fact, faulty, heading, rows, shown, told } from "./support/ui";

test("a tenant is made by its name", async ({ page }) => {
  const name = `Made ${Date.now()}`;
  await page.goto("/tenants");
  const create = page.getByRole("button", { name: "Create tenant" });
  await expect(create).toBeDisabled();
  await page.getByLabel("Name of a new tenant").fill(name);
  await create.click();
  await expect(rows(page, "tenants").first()).toContainText(name);
  await page.getByRole("link", { name, exact: true }).click();
  await expect(heading(page, `Tenant ${name}`)).toBeVisible();
  await expect(fact(page, "Status")).toHaveText("active");
});

test("a tenant is edited, and what is refused is told at its field", async ({
  page,
  tenant,
  server,
  faults,
}) => {
  faults.expect(/^answer 409 PATCH .*\/tenants\/ten_/, /^answer 422 PATCH .*\/tenants\/ten_/);
  const other = await Tenant.make(server.url, { name: "Taken", external_id: `taken-${tenant.id}` });
  await page.goto(`/tenants/${tenant.id}`);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const form = page.getByRole("dialog", { name: `Edit ${tenant.name}` });
  await form.getByLabel("Name").fill(" ");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByText("A name is needed.")).toBeVisible();
  await form.getByLabel("Name").fill("Renamed");
  await form.getByLabel("External id").fill(`taken-${tenant.id}`);
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByRole("alert")).toBeVisible();
  await form.getByLabel("External id").fill(`own-${tenant.id}`);
  await form.getByRole("combobox", { name: "Denied networks" }).fill("no network");
  await page.keyboard.press("Enter");
  await form.getByRole("button", { name: "Save" }).click();
  await faulty(form.getByRole("combobox", { name: "Denied networks" }), /invalid IP address/);
  await form.getByRole("combobox", { name: "Denied networks" }).press("Backspace");
  await form.getByRole("combobox", { name: "Denied networks" }).fill("203.0.113.0/24");
  await page.keyboard.press("Enter");
  await form.getByRole("switch", { name: "Strict event types" }).click({ force: true });
  await form
    .getByRole("group", { name: "Rate limit of deliveries, over all subscriptions" })
    .getByLabel("Per second")
    .fill("20");
  await form.getByLabel("Metadata", { exact: true }).fill('{"plan": "large", "seats": 1.0}');
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form).toBeHidden();

  await expect(heading(page, "Tenant Renamed")).toBeVisible();
  await expect(fact(page, "External id")).toHaveText(`own-${tenant.id}`);
  await expect(fact(page, "Strict event types")).toHaveText("yes");
  await expect(fact(page, "Rate limit of deliveries")).toHaveText("20 per second, 2 at once");
  await expect(fact(page, "Denied networks")).toHaveText("203.0.113.0/24");
  await expect(page.getByRole("region", { name: "Metadata" })).toContainText('"seats": 1.0');
  other.close();
});

test("a tenant is suspended, goes on, and is deleted by who types its name", async ({
  page,
  tenant,
  server,
  operator,
}) => {
  const made = await operator.POST("/api/v1/webhooks/tenants/{id}/keys", {
    params: { path: { id: tenant.id } },
    body: { name: "all", scopes: ["*"] },
  });
  const api = apiOf(server.url, made.data?.secret ?? "");
  const list = async () => (await api.GET("/api/v1/webhooks/events")).response.status;
  expect(await list()).toBe(200);

  await page.goto(`/tenants/${tenant.id}`);
  await page.getByRole("button", { name: "Suspend" }).click();
  await agree(page, "Suspend?", "Suspend");
  await told(page, "The tenant is suspended.");
  await expect(fact(page, "Status")).toHaveText("suspended");
  await expect.poll(list).toBe(403);
  await page.getByRole("button", { name: "Resume" }).click();
  await told(page, "The tenant is active.");
  await expect(fact(page, "Status")).toHaveText("active");
  await expect.poll(list).toBe(200);

  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: `Delete ${tenant.name}?` });
  const erase = dialog.getByRole("button", { name: "Delete the tenant" });
  await expect(erase).toBeDisabled();
  await dialog.getByLabel(/^Type its name/).fill(tenant.name);
  await erase.click();
  await told(page, `${tenant.name} is deleted.`);
  await expect(heading(page, "Tenants")).toBeVisible();
  await expect(page.getByRole("link", { name: tenant.name, exact: true })).toHaveCount(0);
  await expect.poll(list).toBe(401);
});

test("the switcher leads to another tenant's rows, without filters that name somebody else's", async ({
  page,
  tenant,
  server,
}) => {
  const other = await Tenant.make(server.url);
  const subscription = await tenant.subscribe(await tenant.receiver(good));
  await other.subscribe(await other.receiver(failing));
  await tenant.post("order.paid");
  await other.post("user.left");
  await tenant.until(1, "succeeded");
  await other.until(1, "failed");

  await page.goto(tenant.at(`/deliveries?subscription_id=${subscription.id}`));
  await expect(page.getByRole("combobox", { name: "Tenant" })).toHaveValue(tenant.name);
  await expect(rows(page, "deliveries")).toHaveText([/order\.paid/]);
  await choose(page, "Tenant", other.name);
  await expect(rows(page, "deliveries")).toHaveText([/user\.left/]);
  expect(new URL(page.url()).searchParams.get("tenant")).toBe(other.id);
  expect(shown(page)).toEqual({});
  // It stays with the links.
  await page.getByRole("link", { name: "Events" }).click();
  await expect(rows(page, "events")).toHaveText([/user\.left/]);

  await choose(page, "Tenant", "All tenants");
  await expect(rows(page, "events").filter({ hasText: "order.paid" }).first()).toBeVisible();
  await expect(rows(page, "events").filter({ hasText: "user.left" }).first()).toBeVisible();
  // A row of everybody's leads to its own tenant.
  await rows(page, "events").filter({ hasText: "user.left" }).getByRole("link").first().click();
  await expect(page.getByRole("combobox", { name: "Tenant" })).toHaveValue(/.+/);
  expect(new URL(page.url()).searchParams.get("tenant")).not.toBeNull();
  other.close();
});
