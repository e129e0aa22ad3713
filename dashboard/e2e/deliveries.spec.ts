import { busy, failing, failingTimes, good } from "./support/receiver";
import { expect, test } from "./support/test";
import { agree, choose, clipboard, fact, filterBy, heading, pick, rows, shown, told } from "./support/ui";

test("filters stand in the address, so that a link shows another what one sees", async ({ page, tenant }) => {
  const receiver = await tenant.receiver(failing);
  const other = await tenant.receiver(good);
  const failed = await tenant.subscribe(receiver, { event_types: ["order.*"] });
  await tenant.subscribe(other);
  await tenant.post("order.paid");
  await tenant.post("order.shipped");
  await tenant.post("user.left");
  await tenant.until(2, "failed");
  await tenant.until(3, "succeeded");

  await page.goto(tenant.at("/deliveries"));
  await expect(rows(page, "deliveries")).toHaveCount(5);
  await choose(page, "Status", "failed");
  await page.keyboard.press("Escape");
  await expect(rows(page, "deliveries")).toHaveCount(2);
  await filterBy(page, "Event type", "order.paid");
  await expect(rows(page, "deliveries")).toHaveCount(1);
  await choose(page, "Subscription", new RegExp(failed.id));
  await pick(page, "Time range", "24h");
  await expect(rows(page, "deliveries")).toHaveText([/failed.*order\.paid.*4 of 4.*HTTP 503/]);
  const seen = {
    status: ["failed"],
    event_type: ["order.paid"],
    subscription_id: [failed.id],
    range: ["24h"],
  };
  await expect.poll(() => shown(page)).toEqual(seen);

  await page.reload();
  await expect(rows(page, "deliveries")).toHaveText([/failed.*order\.paid/]);
  await expect(page.getByRole("combobox", { name: "Subscription" })).toHaveValue(new RegExp(failed.id));
  expect(shown(page)).toEqual(seen);
});

test("a delivery is opened from the list, and going back leads to the same list", async ({
  page,
  tenant,
}) => {
  await tenant.subscribe(await tenant.receiver(good));
  await tenant.post("order.paid");
  const { id } = await tenant.one("succeeded");
  await page.goto(tenant.at("/deliveries?status=succeeded"));
  await rows(page, "deliveries").getByRole("link").first().click();
  await expect(heading(page, `Delivery ${id}`)).toBeVisible();
  await page.goBack();
  await expect(heading(page, "Deliveries")).toBeVisible();
  expect(shown(page)).toEqual({ status: ["succeeded"] });
});

test("a delivery's page tells of each attempt when it was, how long it took, and what went and came", async ({
  page,
  tenant,
}) => {
  const receiver = await tenant.receiver(failingTimes(1));
  await tenant.subscribe(receiver);
  await tenant.postText('{"type":"order.paid","data":{"amount":1.50,"to":"Zoë"}}');
  const { id } = await tenant.one("succeeded");

  await page.goto(tenant.at(`/deliveries/${id}`));
  await expect(fact(page, "Status")).toHaveText("succeeded");
  await expect(fact(page, "Attempts")).toHaveText("2 of 4");
  await expect(page.getByRole("heading", { level: 3 })).toHaveText([
    "Attempt 1: HTTP 503",
    "Attempt 2: HTTP 200",
  ]);
  await expect(page.getByText(/^queue .* ms, then .* ms:$/)).toHaveCount(2);
  await expect(page.getByText(/^first byte .* ms$/)).toHaveCount(2);
  await expect(page.getByText(/after attempt 1 · 127\.0\.0\.1 · HTTP\/1\.1/)).toBeVisible();

  await expect(page.getByRole("region", { name: "Request body of attempt 2, as text" })).toContainText(
    '"amount": 1.50',
  );
  await expect(page.getByRole("region", { name: "Response body of attempt 2, as text" })).toHaveText(
    "thank you",
  );
  await page.getByRole("button", { name: "Request headers of attempt 1" }).click();
  await expect(page.getByRole("region", { name: "Request headers of attempt 1, as text" })).toContainText(
    "x-pt-attempt: 1",
    { ignoreCase: true },
  );
  await page.getByRole("button", { name: "Response headers of attempt 1" }).click();
  await expect(page.getByRole("region", { name: "Response headers of attempt 1, as text" })).toContainText(
    "retry-after: 0",
  );

  await page.getByRole("button", { name: "Copy it as it was sent" }).last().click();
  expect(await clipboard(page)).toBe(receiver.arrivals[1]?.body);
});

test("an attempt is copied as a curl command that sends the same again", async ({ page, tenant }) => {
  const receiver = await tenant.receiver(good);
  await tenant.subscribe(receiver);
  await tenant.post("order.paid", { note: 'it\'s "quoted"' });
  const { id } = await tenant.one("succeeded");
  await page.goto(tenant.at(`/deliveries/${id}`));
  // With the body, once that is known.
  await expect(page.getByRole("region", { name: "Request body of attempt 1, as text" })).toBeVisible();
  await page.getByRole("button", { name: "Copy as curl" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  const sent = receiver.arrivals[0];
  const command = await clipboard(page);
  expect(command).toContain(`curl --globoff -X POST \\\n  '${receiver.url}'`);
  expect(command).toContain(`x-pt-signature: ${String(sent?.headers["x-pt-signature"])}`);
  expect(command).toContain(`--data-raw '${sent?.body.replaceAll("'", "'\\''") ?? ""}'`);
});

test("the signatures of a delivery are checked in the browser", async ({ page, tenant }) => {
  await tenant.subscribe(await tenant.receiver(failingTimes(1)));
  await tenant.post("order.paid", { amount: 1.5 });
  const { id } = await tenant.one("succeeded");
  await page.goto(tenant.at(`/deliveries/${id}`));
  await page.getByRole("button", { name: "Check the signatures" }).click();
  await expect(page.getByText("webhook-signature holds")).toHaveCount(2);
  await expect(page.getByText("X-PT-Signature holds")).toHaveCount(2);
});

test("a delivery that waits for its next attempt is cancelled", async ({ page, tenant }) => {
  await tenant.subscribe(await tenant.receiver(busy));
  await tenant.post("order.paid");
  const { id } = await tenant.one("retrying");
  await page.goto(tenant.at(`/deliveries/${id}`));
  await expect(page.getByText("Next attempt: ")).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await agree(page, "Cancel?", "Cancel");
  await told(page, "The delivery is cancelled.");
  await expect(fact(page, "Status")).toHaveText("cancelled");
  expect(await tenant.until(1, "cancelled")).toHaveLength(1);
});

test("a delivery is redelivered, and its new delivery has a page of its own", async ({ page, tenant }) => {
  const receiver = await tenant.receiver(failing);
  await tenant.subscribe(receiver);
  await tenant.post("order.paid");
  const { id } = await tenant.one("failed");
  receiver.mood = good;
  await page.goto(tenant.at(`/deliveries/${id}`));
  await page.getByRole("button", { name: "Redeliver" }).click();
  await agree(page, "Redeliver?", "Redeliver");
  await told(page, "A new delivery is under way: this is its page.");
  const made = await tenant.one("succeeded");
  await expect(heading(page, `Delivery ${made.id}`)).toBeVisible();
  await expect(fact(page, "Trigger")).toHaveText("redelivery");
  await expect(fact(page, "Status")).toHaveText("succeeded");
});

test("live, new deliveries come on top of the list, and change in it", async ({ page, tenant }) => {
  const receiver = await tenant.receiver(failingTimes(1));
  await tenant.subscribe(receiver);
  await tenant.post("order.paid");
  await tenant.until(1, "succeeded");
  await page.goto(tenant.at("/deliveries"));
  await expect(rows(page, "deliveries")).toHaveCount(1);
  await page.getByRole("switch", { name: "Live" }).click({ force: true });
  await expect(page.getByText(/^Live: new deliveries come on top/)).toBeVisible();
  await expect.poll(() => shown(page)).toEqual({ live: ["true"] });
  await tenant.post("order.shipped");
  await expect(rows(page, "deliveries")).toHaveText([
    /succeeded.*order\.shipped.*2 of 4/,
    /succeeded.*order\.paid/,
  ]);
});

test("a delivery that nobody has is told as that", async ({ page, tenant, faults }) => {
  faults.expect(/^answer 404 GET .*\/deliveries\/dlv_/);
  await page.goto(tenant.at("/deliveries/dlv_01m8hx2t5res0rbv0xbn4dvfq8"));
  await expect(page.getByRole("alert")).toContainText("there is no such delivery");
});
