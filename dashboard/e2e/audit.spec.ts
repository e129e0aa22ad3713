import { good } from "./support/receiver";
import { expect, test } from "./support/test";
import { choose, fact, rows, saved, shown } from "./support/ui";

test("the audit log is filtered by action and resource, and an entry is shown in full", async ({
  page,
  tenant,
}) => {
  const at = await tenant.receiver(good);
  const { id } = await tenant.subscribe(at);
  await tenant.subscribe(at);
  const params = { path: { id } };
  await tenant.api.PATCH("/api/v1/webhooks/subscriptions/{id}", { params, body: { description: "Ours" } });
  await tenant.api.GET("/api/v1/webhooks/subscriptions/{id}/secret", { params });

  await page.goto(tenant.at("/audit"));
  await expect(rows(page, "entries").filter({ hasText: "subscription.created" })).toHaveCount(2);
  await page.getByRole("combobox", { name: "Resource id" }).fill(id);
  await page.keyboard.press("Enter");
  await expect(rows(page, "entries")).toHaveText([
    /subscription\.secret_read/,
    /subscription\.updated/,
    /subscription\.created/,
  ]);
  await choose(page, "Action", "subscription.updated");
  await expect(rows(page, "entries")).toHaveText([/operator.*description: "" to "Ours"/]);
  expect(shown(page)).toEqual({ resource_id: [id], action: ["subscription.updated"] });
  await page.keyboard.press("Escape");

  await rows(page, "entries").getByRole("link").click();
  const entry = page.getByRole("dialog", { name: "subscription.updated" });
  await expect(fact(entry, "From address")).toHaveText("127.0.0.1");
  await expect(entry.getByRole("region", { name: "description to" })).toHaveText('"Ours"');
  await expect(entry.getByRole("link", { name: id })).toHaveAttribute(
    "href",
    new RegExp(`/subscriptions/${id}`),
  );
  await page.keyboard.press("Escape");
  await expect(entry).toBeHidden();
});

test("the audit log is downloaded as CSV or as JSON lines", async ({ page, tenant }) => {
  const at = await tenant.receiver(good);
  await tenant.subscribe(at, { description: 'has "quotes", and commas' });
  await tenant.subscribe(at);
  await page.goto(tenant.at("/audit?action=subscription.created"));
  await expect(rows(page, "entries")).toHaveCount(2);
  const csv = await saved(page, async () => {
    await page.getByRole("button", { name: "Download" }).click();
    await page.getByRole("button", { name: "The 2 shown, as CSV" }).click();
  });
  expect(csv.name).toBe("audit-log.csv");
  expect(csv.text.trim().split(/\r?\n/)).toHaveLength(3);
  expect(csv.text).toContain("subscription.created");

  const lines = await saved(page, async () => {
    await page.getByRole("button", { name: "Download" }).click();
    await page.getByRole("button", { name: "All that fit, as JSON lines" }).click();
    const dialog = page.getByRole("dialog", { name: "Download the audit log" });
    await dialog.getByRole("button", { name: "Download" }).click();
    await expect(dialog.getByText("All 2 entries are in the file.")).toBeVisible();
  });
  expect(lines.name).toBe("audit-log.ndjson");
  const entries = lines.text.trim().split("\n");
  expect(entries.map((line) => (JSON.parse(line) as { action: string }).action)).toEqual([
    "subscription.created",
    "subscription.created",
  ]);
});
