import { expect, test } from "./support/test";
import { agree, fact, faulty, heading, pick, rows, saved, shown, told } from "./support/ui";

const CATALOGUE = "/api/v1/webhooks/event-types";

test("an event type is made with a version, whose faults are told at their fields", async ({
  page,
  tenant,
  faults,
}) => {
  faults.expect(/^answer 422 POST .*\/event-types$/);
  await page.goto(tenant.at("/event-types"));
  await page.getByRole("button", { name: "New event type" }).click();
  const form = page.getByRole("dialog", { name: "New event type" });
  await form.getByRole("button", { name: "Create" }).click();
  await expect(form.getByText("A name is needed.")).toBeVisible();

  await form.getByLabel("Name").fill("order paid");
  await form.getByLabel("Version").fill("1");
  await form.getByLabel("Schema", { exact: true }).fill('{"type": "object"');
  await faulty(form.getByLabel("Schema", { exact: true }), /line 1/);
  await form
    .getByLabel("Schema", { exact: true })
    .fill('{"type":"object","required":["amount"],"properties":{"amount":{"type":"number"}}}');
  await form.getByRole("button", { name: "Lay out: Schema" }).click();
  await expect(form.getByLabel("Schema", { exact: true })).toHaveValue(/\n {2}"required": \[/);
  await form.getByLabel("Example", { exact: true }).fill('{"amount": 1.5}');
  await form.getByRole("button", { name: "Create" }).click();
  await faulty(form.getByLabel("Name"), /letters/);

  await form.getByLabel("Name").fill("order.paid");
  await form.getByLabel("Description").fill("Somebody has paid.");
  await form.getByRole("button", { name: "Create" }).click();
  await expect(heading(page, "Event type order.paid")).toBeVisible();
  await expect(fact(page, "Description")).toHaveText("Somebody has paid.");
  await expect(page.getByRole("region", { name: "Example of 1" })).toContainText('"amount": 1.5');
});

test("an event type is edited, gets a further version, and is deprecated and deleted", async ({
  page,
  tenant,
}) => {
  await tenant.api.POST(CATALOGUE, { body: { name: "order.paid" } });
  await page.goto(tenant.at("/event-types"));
  await rows(page, "event types").getByRole("link", { name: "order.paid" }).click();
  await expect(page.getByText("It has none: any data will do.")).toBeVisible();

  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const edit = page.getByRole("dialog", { name: "Edit order.paid" });
  await edit.getByLabel("Description").fill("Somebody has paid.");
  await edit.getByRole("button", { name: "Save" }).click();
  await expect(fact(page, "Description")).toHaveText("Somebody has paid.");

  for (const version of ["1", "2"]) {
    await page.getByRole("button", { name: "New version" }).click();
    const form = page.getByRole("dialog", { name: "New version of order.paid" });
    await form.getByLabel("Version").fill(version);
    await form.getByLabel("Example", { exact: true }).fill(`{"of": ${version}}`);
    await form.getByRole("button", { name: "Add version" }).click();
    await expect(form).toBeHidden();
    await expect(page.getByRole("region", { name: `Example of ${version}` })).toContainText(
      `"of": ${version}`,
    );
  }
  await page.getByRole("tab", { name: "1", exact: true }).click();
  await expect(page.getByRole("region", { name: "Example of 1" })).toBeVisible();
  expect(shown(page)).toEqual({ version: ["1"] });
  await page.getByRole("button", { name: "Remove version" }).click();
  await agree(page, "Remove version?", "Remove version");
  await told(page, "The version is removed.");
  await expect(page.getByRole("tab")).toHaveText(["2newest"]);

  await page.getByRole("button", { name: "Deprecate" }).click();
  await agree(page, "Deprecate?", "Deprecate");
  await expect(fact(page, "State")).toHaveText("deprecated");
  await page.getByRole("button", { name: "Delete" }).click();
  await agree(page, "Delete?", "Delete");
  await expect(heading(page, "Event types")).toBeVisible();
  await expect(page.getByText("The catalogue is empty.")).toBeVisible();
});

test("a catalogue begins with the starter, after a look at what would become of it", async ({
  page,
  tenant,
}) => {
  await page.goto(tenant.at("/event-types"));
  await page.getByRole("button", { name: "Start with the starter catalogue" }).click();
  const form = page.getByRole("dialog", { name: "Import a catalogue" });
  await expect(form.getByRole("textbox", { name: "Document" })).toHaveValue(/event_types:/);
  await form.getByRole("button", { name: "Check" }).click();
  await expect(form.getByText("What would become of the catalogue")).toBeVisible();
  await expect(form.getByText(/^\d+ created$/)).toBeVisible();
  await form.getByRole("button", { name: /^Import \d+ changes$/ }).click();
  await expect(form.getByText("The catalogue is imported.")).toBeVisible();
  await form.getByRole("button", { name: "Close" }).last().click();
  expect(await rows(page, "event types").count()).toBeGreaterThan(5);
});

test("a document is imported from a file, and what it does not name is deleted when that is wanted", async ({
  page,
  tenant,
  faults,
}) => {
  faults.expect(/^answer 422 POST .*\/catalogue$/);
  for (const name of ["order.paid", "user.left"]) await tenant.api.POST(CATALOGUE, { body: { name } });
  await page.goto(tenant.at("/event-types"));
  await page.getByRole("button", { name: "Import" }).click();
  const form = page.getByRole("dialog", { name: "Import a catalogue" });
  const choosing = page.waitForEvent("filechooser");
  await form.getByRole("button", { name: "File" }).click();
  const buffer = Buffer.from(
    '{"event_types": [\n{"name": "order.paid", "description": "Paid."},\n{"name": "a b"}\n]}',
  );
  await (await choosing).setFiles({ name: "catalogue.json", mimeType: "application/json", buffer });
  await form.getByRole("button", { name: "Check" }).click();
  await expect(form.getByRole("alert")).toContainText("/event_types/1/name (line 3)");

  await form
    .getByRole("textbox", { name: "Document" })
    .fill("event_types:\n  - name: order.paid\n    description: Paid.\n  - name: order.shipped\n");
  await form.getByText("are deleted").click();
  await form.getByRole("button", { name: "Check" }).click();
  await expect(form.getByRole("listitem")).toHaveText([
    "1 created: order.shipped",
    "1 updated: order.paid",
    "1 deleted: user.left",
    "0 unchanged",
  ]);
  await form.getByRole("button", { name: "Import 3 changes" }).click();
  await expect(form.getByText("The catalogue is imported.")).toBeVisible();
  await form.getByRole("button", { name: "Close" }).last().click();
  await expect(rows(page, "event types")).toHaveText([/order\.shipped/, /order\.paid/]);
});

test("a catalogue is exported as JSON, YAML and OpenAPI", async ({ page, tenant }) => {
  await tenant.api.POST(CATALOGUE, { body: { name: "order.paid", description: "Paid." } });
  await page.goto(tenant.at("/event-types"));
  const take = (form: string) =>
    saved(page, async () => {
      await page.getByRole("button", { name: "Export" }).click();
      await page.getByRole("button", { name: form, exact: true }).click();
    });
  const json = await take("JSON");
  expect(json.name).toBe("catalogue.json");
  expect(JSON.parse(json.text)).toMatchObject({ event_types: [{ name: "order.paid" }] });
  const yaml = await take("YAML");
  expect(yaml.name).toBe("catalogue.yaml");
  expect(yaml.text).toContain("name: order.paid");
  const openapi = await take("OpenAPI, for subscribers");
  expect(JSON.parse(openapi.text)).toMatchObject({ openapi: "3.1.0", webhooks: { "order.paid": {} } });
});

test("deprecated event types are told from those in use", async ({ page, tenant }) => {
  await tenant.api.POST(CATALOGUE, { body: { name: "order.paid" } });
  await tenant.api.POST(CATALOGUE, { body: { name: "order.payed", deprecated: true } });
  await page.goto(tenant.at("/event-types"));
  await expect(rows(page, "event types")).toHaveCount(2);
  await pick(page, "State", "Deprecated");
  await expect(rows(page, "event types")).toHaveText([/order\.payed.*deprecated/]);
  await pick(page, "State", "In use");
  await expect(rows(page, "event types")).toHaveText([/order\.paid.*in use/]);
  expect(shown(page)).toEqual({ deprecated: ["false"] });
});
