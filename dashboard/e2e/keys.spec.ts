import { apiOf } from "./support/api";
import { enterKey, expect, nobody, test } from "./support/test";
import { agree, choose, clipboard, heading, rows, told } from "./support/ui";

test("a key is made with what it may do, is shown once, works, and is revoked", async ({
  page,
  tenant,
  server,
}) => {
  await page.goto(tenant.at("/keys"));
  await expect(page.getByText("This tenant has no key.")).toBeVisible();
  await page.getByRole("button", { name: "New key" }).click();
  const form = page.getByRole("dialog", { name: "New key" });
  await form.getByRole("button", { name: "Create" }).click();
  await expect(form.getByText("A name is needed.")).toBeVisible();
  await expect(form.getByText("Choose what it may do.")).toBeVisible();

  await form.getByLabel("Name").fill("orders");
  await form.getByRole("checkbox", { name: "events:write" }).check();
  await choose(form, "Expires", "In 90 days");
  await form.getByRole("combobox", { name: "Addresses it may be used from" }).fill("127.0.0.0/8");
  await page.keyboard.press("Enter");
  await form.getByRole("button", { name: "Create" }).click();
  const secret = await form.getByRole("region", { name: "Key" }).innerText();
  expect(secret).toMatch(/^pht_[\w-]{43}$/);
  await form.getByRole("button", { name: "Copy key" }).click();
  await expect(form.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await clipboard(page)).toBe(secret);
  await form.getByRole("button", { name: "Close" }).last().click();

  const row = rows(page, "keys");
  await expect(row).toHaveText([/^orderspht_.{8}events:write127\.0\.0\.0\/8never/]);
  await expect(page.getByText(secret)).toHaveCount(0);
  await page.reload();
  await expect(row).toHaveCount(1);
  await expect(page.getByText(secret)).toHaveCount(0);

  const api = apiOf(server.url, secret);
  const post = async () =>
    (await api.POST("/api/v1/webhooks/events", { body: { type: "order.paid", data: {} } })).response.status;
  expect(await post()).toBe(202);
  expect((await api.GET("/api/v1/webhooks/events")).response.status).toBe(403);
  await row.getByRole("button", { name: "Revoke" }).click();
  await agree(page, "Revoke?", "Revoke");
  await told(page, "The key is revoked.");
  await expect(page.getByText("This tenant has no key.")).toBeVisible();
  await expect.poll(post).toBe(401);
});

test("keys are of one tenant, which has to be chosen", async ({ page }) => {
  await page.goto("/keys");
  await expect(page.getByText("Keys are each of one tenant: choose it in the header.")).toBeVisible();
});

test.describe("who signs in with a tenant's key", () => {
  test.use({ storageState: nobody });

  test("sees its tenant and what the scopes allow", async ({ page, tenant, operator }) => {
    await tenant.post("order.paid");
    const made = await operator.POST("/api/v1/webhooks/tenants/{id}/keys", {
      params: { path: { id: tenant.id } },
      body: { name: "reader", scopes: ["events:read"] },
    });
    await page.goto("/events");
    await enterKey(page, made.data?.secret ?? "");
    await expect(heading(page, "Events")).toBeVisible();
    await expect(rows(page, "events")).toHaveCount(1);
    await expect(page.getByRole("combobox", { name: "Tenant" })).toHaveCount(0);
    await expect(page.getByRole("navigation", { name: "Screens" }).getByRole("link")).toHaveText([
      "Events",
      "Event types",
      "Bins",
    ]);
    await page.goto("/subscriptions");
    await expect(heading(page, "Not allowed")).toBeVisible();
  });
});
