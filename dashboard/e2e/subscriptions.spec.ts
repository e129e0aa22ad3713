import ts from "typescript";
import { failing, gone, good } from "./support/receiver";
import { expect, test } from "./support/test";
import {
  agree,
  choose,
  clipboard,
  fact,
  faulty,
  filterBy,
  heading,
  pick,
  rows,
  shown,
  told,
} from "./support/ui";

test("a subscription is made; what is wrong with it is told at the field, wherever that is", async ({
  page,
  tenant,
  faults,
}) => {
  faults.expect(/^answer 422 POST .*\/subscriptions$/);
  const receiver = await tenant.receiver(good);
  await page.goto(tenant.at("/subscriptions"));
  await page.getByRole("button", { name: "New subscription" }).first().click();
  const form = page.getByRole("dialog", { name: "New subscription" });
  const create = form.getByRole("button", { name: "Create" });
  await create.click();
  await faulty(form.getByLabel("Url"), /A url is needed/);
  await form.getByLabel("Url").fill(receiver.url);
  await form.getByLabel("Description").fill("Orders");
  await form.getByRole("combobox", { name: "Event types" }).fill("order.*");
  await page.keyboard.press("Enter");

  // Told by the server, in a part that is closed again until then.
  const delivery = form.getByRole("button", { name: /^Delivery/ });
  await delivery.click();
  await form.getByLabel("Timeout, ms").fill("5");
  await form.getByRole("button", { name: "Add a header" }).click();
  await form.getByLabel("Name of header 1").fill("host");
  await form.getByLabel("Value of header host").fill("example.com");
  await delivery.click();
  await expect(form.getByLabel("Timeout, ms")).toHaveCount(0);
  await create.click();
  await faulty(form.getByLabel("Timeout, ms"), /100/);
  await faulty(form.getByLabel("Name of header 1"), /./);
  await form.getByLabel("Timeout, ms").fill("3000");
  await form.getByLabel("Name of header 1").fill("x-api-key");
  await create.click();

  await expect(form.getByText("The subscription is made.")).toBeVisible();
  const secret = await form.getByRole("region", { name: "Secret" }).innerText();
  expect(secret).toMatch(/^whsec_/);
  await form.getByRole("button", { name: "Copy secret" }).click();
  await expect(form.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await clipboard(page)).toBe(secret);
  await form.getByRole("link", { name: "Open it and send a test event" }).click();
  await expect(fact(page, "Url")).toHaveText(receiver.url);
  await expect(fact(page, "Event types")).toHaveText("order.*");
  await expect(fact(page, "Timeout")).toHaveText("3000 ms");
  await expect(fact(page, "Headers")).toHaveText("x-api-key: ***");
});

test("a filter is tried on the last events and on one, and its fault is shown at its place", async ({
  page,
  tenant,
  faults,
}) => {
  faults.expect(/^answer 422 POST .*\/filter-test$/);
  for (const amount of [50, 150, 250]) await tenant.post("order.paid", { amount });
  await page.goto(tenant.at("/subscriptions"));
  await page.getByRole("button", { name: "New subscription" }).first().click();
  const form = page.getByRole("dialog", { name: "New subscription" });
  const filter = form.getByRole("textbox", { name: "Filter", exact: true });
  await filter.fill("data.amount > 100");
  await form.getByRole("button", { name: "Try the filter" }).click();
  await expect(form.getByText("It matches 2 of the last 3 events.")).toBeVisible();
  await filter.fill("data.amount >");
  await expect(form.getByText("It matches 2 of the last 3 events.")).toHaveCount(0);
  await form.getByRole("button", { name: "Try the filter" }).click();
  await expect(form.getByRole("alert")).toContainText("The filter has a fault in line 1, column");

  await filter.fill("data.amount > 100");
  await pick(form, "Try it on", "One event");
  await form.getByLabel("Type of the event").fill("order.paid");
  await form.getByLabel("Data of the event", { exact: true }).fill('{"amount": 101}');
  await form.getByRole("button", { name: "Try the filter" }).click();
  await expect(form.getByText("It matches.")).toBeVisible();
  await form.getByLabel("Data of the event", { exact: true }).fill('{"amount": 99}');
  await form.getByRole("button", { name: "Try the filter" }).click();
  await expect(form.getByText(/^It does not match/)).toBeVisible();
});

test("a test event is sent, of the catalogue's example, and what came back is shown", async ({
  page,
  tenant,
}) => {
  await tenant.describe("order.paid", { amount: 7 });
  const receiver = await tenant.receiver(good);
  const { id } = await tenant.subscribe(receiver);
  await page.goto(tenant.at(`/subscriptions/${id}`));
  await page.getByLabel("Event type", { exact: true }).fill("order.paid");
  await page.getByRole("button", { name: "Send test event" }).click();
  await expect(page.getByRole("heading", { name: "Attempt 1: HTTP 200" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Response body of attempt 1, as text" })).toHaveText(
    "thank you",
  );
  expect(receiver.arrivals.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
    { type: "order.paid", data: { amount: 7 } },
  ]);
  receiver.mood = failing;
  await page.getByRole("button", { name: "Send test event" }).click();
  await expect(page.getByRole("heading", { name: "Attempt 1: HTTP 503" })).toBeVisible();
});

test("the secret is shown when that is asked for, and rotated while the former one goes on", async ({
  page,
  tenant,
}) => {
  const receiver = await tenant.receiver(good);
  const { id, secret } = await tenant.subscribe(receiver);
  await page.goto(tenant.at(`/subscriptions/${id}`));
  await expect(page.getByText("Reading it is noted in the audit log.", { exact: true })).toBeVisible();
  const region = page.getByRole("region", { name: "Secret", exact: true });
  await expect(region).toHaveCount(0);
  await page.getByRole("button", { name: "Reveal" }).click();
  await expect(region).toHaveText(String(secret));
  await page.getByRole("button", { name: "Hide" }).click();
  await expect(region).toHaveCount(0);

  await page.getByRole("button", { name: "Rotate" }).click();
  const dialog = page.getByRole("dialog", { name: "Rotate the secret" });
  await dialog.getByLabel("The former one signs beside it for").fill("soon");
  await dialog.getByRole("button", { name: "Rotate" }).click();
  await faulty(dialog.getByLabel("The former one signs beside it for"), /Write a length of time/);
  await dialog.getByLabel("The former one signs beside it for").fill("30m");
  await dialog.getByRole("button", { name: "Rotate" }).click();
  await told(page, "It is rotated.");
  await expect(page.getByText("The former one signs beside it until")).toBeVisible();
  await expect(region).toHaveText(/^whsec_/);
  await expect(region).not.toHaveText(String(secret));
  await tenant.post("order.paid");
  await expect.poll(() => receiver.arrivals.length).toBe(1);
  expect(String(receiver.arrivals[0]?.headers["webhook-signature"]).split(" ")).toHaveLength(2);
});

interface Sample {
  verifyStandard: (secret: string, id: string, timestamp: string, signature: string, body: Buffer) => boolean;
}

test("code that verifies is copied with the secret in it, and accepts what is sent", async ({
  page,
  tenant,
}) => {
  const receiver = await tenant.receiver(good);
  const { id, secret } = await tenant.subscribe(receiver);
  await tenant.post("order.paid", { amount: 1 });
  await tenant.until(1, "succeeded");
  await page.goto(tenant.at(`/subscriptions/${id}`));
  const sample = page.getByRole("region", { name: /^Sample in/ });
  await expect(sample).not.toContainText(String(secret));
  await choose(page, "Sample", "Python");
  await expect(sample).toContainText("def verify");
  await choose(page, "Sample", "TypeScript");
  await page.getByRole("button", { name: "Fill in its secret" }).click();
  await expect(sample).toContainText(String(secret));
  await page.getByRole("button", { name: "Copy the sample" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();

  const code = ts.transpileModule(await clipboard(page), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
  }).outputText;
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const { verifyStandard } = (await import(url)) as Sample;
  const { headers, body } = receiver.arrivals[0] ?? { headers: {}, body: "" };
  const verify = (text: string) =>
    verifyStandard(
      String(secret),
      String(headers["webhook-id"]),
      String(headers["webhook-timestamp"]),
      String(headers["webhook-signature"]),
      Buffer.from(text),
    );
  expect(verify(body)).toBe(true);
  expect(verify(`${body} `)).toBe(false);
});

test("a subscription is paused, holds what comes, and goes on", async ({ page, tenant }) => {
  const { id } = await tenant.subscribe(await tenant.receiver(good));
  await page.goto(tenant.at(`/subscriptions/${id}`));
  await page.getByRole("button", { name: "Pause" }).click();
  await agree(page, "Pause?", "Pause");
  await told(page, "It is paused.");
  await expect(fact(page, "Status")).toHaveText("paused");
  await tenant.post("order.paid");
  await tenant.until(1, "pending");
  await page.getByRole("link", { name: "What waits" }).click();
  await expect(rows(page, "deliveries")).toHaveText([/pending/]);
  await page.goBack();
  await page.getByRole("button", { name: "Resume" }).click();
  await told(page, "It is active.");
  await expect(fact(page, "Status")).toHaveText("active");
  await tenant.until(1, "succeeded");
});

test("one that its receiver has ended by 410 tells why, and is enabled again", async ({ page, tenant }) => {
  const receiver = await tenant.receiver(gone);
  const { id } = await tenant.subscribe(receiver);
  await tenant.post("order.paid");
  await tenant.until(1, "failed");
  await page.goto(tenant.at("/subscriptions?status=disabled"));
  await rows(page, "subscriptions").getByRole("link").click();
  await expect(page.getByText("The receiver answered that it wants no more")).toBeVisible();
  receiver.mood = good;
  await page.getByRole("button", { name: "Enable" }).click();
  await agree(page, "Enable?", "Enable");
  await told(page, "It is active.");
  await expect(fact(page, "Status")).toHaveText("active");
  await tenant.post("order.paid");
  await tenant.until(1, "succeeded");
  expect(page.url()).toContain(id);
});

test("a subscription is edited; what is sealed stays so, and is shown when that is asked for", async ({
  page,
  tenant,
}) => {
  const { id } = await tenant.subscribe(await tenant.receiver(good), {
    headers: { "x-api-key": "as before" },
    event_types: ["order.*"],
  });
  await page.goto(tenant.at(`/subscriptions/${id}`));
  await page.getByRole("button", { name: "Edit" }).click();
  const form = page.getByRole("dialog", { name: "Edit subscription" });
  await form.getByLabel("Description").fill("Changed");
  await form.getByRole("textbox", { name: "Filter", exact: true }).fill("data.amount > 1");
  await form.getByRole("button", { name: /^Delivery/ }).click();
  await expect(form.getByLabel("Value of header x-api-key")).toHaveValue("***");
  await form.getByRole("button", { name: "Show sealed values" }).click();
  await agree(page, "Show sealed values?", "Show sealed values");
  await expect(form.getByLabel("Value of header x-api-key")).toHaveValue("as before");
  await form.getByLabel("Attempts per second").fill("40");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form).toBeHidden();
  await expect(fact(page, "Description")).toHaveText("Changed");
  await expect(fact(page, "Filter")).toHaveText("data.amount > 1");
  await expect(fact(page, "Rate limit")).toHaveText("40 per second, burst 4");
  await expect(fact(page, "Headers")).toHaveText("x-api-key: ***");
});

test("a subscription is deleted, and what waits for it is cancelled", async ({ page, tenant }) => {
  const { id } = await tenant.subscribe(await tenant.receiver(good), { status: "paused" });
  await tenant.post("order.paid");
  await tenant.until(1, "pending");
  await page.goto(tenant.at(`/subscriptions/${id}`));
  await page.getByRole("button", { name: "Delete" }).click();
  await agree(page, "Delete?", "Delete");
  await told(page, "It is deleted.");
  await expect(heading(page, "Subscriptions")).toBeVisible();
  await expect(page.getByText(/^No subscription fits\./)).toBeVisible();
  await tenant.until(1, "cancelled");
});

test("subscriptions are found by status and by what they would receive, each with its last day", async ({
  page,
  tenant,
}) => {
  await tenant.subscribe(await tenant.receiver(good, "orders"), { event_types: ["order.*"] });
  await tenant.subscribe(await tenant.receiver(good, "users"), { event_types: ["user.*"], status: "paused" });
  await tenant.post("order.paid");
  await tenant.until(1, "succeeded");
  await page.goto(tenant.at("/subscriptions"));
  await expect(rows(page, "subscriptions")).toHaveText([/\/users.*no attempts/, /\/orders.*100 %/]);
  await filterBy(page, "Would receive event type", "user.left");
  await expect(rows(page, "subscriptions")).toHaveText([/\/users.*paused/]);
  await filterBy(page, "Would receive event type", "");
  await choose(page, "Status", "active");
  await expect(rows(page, "subscriptions")).toHaveText([/\/orders.*active/]);
  expect(shown(page)).toEqual({ status: ["active"] });
});
