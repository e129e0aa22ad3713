import { failing, good } from "./support/receiver";
import { expect, test } from "./support/test";
import { agree, clipboard, fact, filterBy, heading, pick, rows, shown } from "./support/ui";

test("events are searched by type, correlation id and text", async ({ page, tenant }) => {
  await tenant.post("order.paid", { customer: "Grace Hopper" }, { correlation_id: "run-1" });
  await tenant.post("order.paid", { customer: "Ada Lovelace" });
  await tenant.post("user.left", { customer: "Grace Hopper" });

  await page.goto(tenant.at("/events"));
  await expect(rows(page, "events")).toHaveCount(3);
  await filterBy(page, "Type", "order.paid");
  await expect(rows(page, "events")).toHaveCount(2);
  await filterBy(page, "Text in data or metadata", "Hopper");
  await expect(rows(page, "events")).toHaveText([/order\.paid.*run-1/]);
  await filterBy(page, "Text in data or metadata", "");
  await filterBy(page, "Type", "");
  await filterBy(page, "Correlation id", "run-1");
  await expect(rows(page, "events")).toHaveText([/order\.paid.*run-1/]);
  await expect.poll(() => shown(page)).toEqual({ correlation_id: ["run-1"] });
});

test("an id that was pasted leads to its page, and what is no id is told", async ({ page, tenant }) => {
  const receiver = await tenant.subscribe(await tenant.receiver(good));
  const id = await tenant.post("order.paid");
  await page.goto(tenant.at("/events"));
  const find = page.getByRole("search", { name: "Find by id" }).getByLabel("Find by id");
  await find.fill("evt_cut-off");
  await find.press("Enter");
  await expect(page.getByText("That is no whole id of a kind that has a page")).toBeVisible();
  await find.fill(` ${id} `);
  await find.press("Enter");
  await expect(heading(page, `Event ${id}`)).toBeVisible();
  await page.goBack();
  await find.fill(receiver.id);
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await expect(heading(page, new RegExp(receiver.id))).toBeVisible();
});

test("live, what is posted comes on top by itself", async ({ page, tenant }) => {
  await tenant.subscribe(await tenant.receiver(good));
  await tenant.post("order.paid");
  await page.goto(tenant.at("/events"));
  await expect(rows(page, "events")).toHaveCount(1);
  await page.getByRole("switch", { name: "Live" }).click({ force: true });
  await expect(page.getByText(/^Live: new events come on top/)).toBeVisible();
  await tenant.post("order.shipped");
  await expect(rows(page, "events")).toHaveText([/order\.shipped/, /order\.paid/]);
});

test("an event's payload is laid out to be read, or shown byte for byte", async ({ page, tenant }) => {
  const data = String.raw`{"b":1.0,"a":12345678901234567890,"text":"\u00e9","list":[1, 2]}`;
  const id = await tenant.postText(`{"type":"order.paid","data":${data},"metadata":{"z":1e2}}`);
  await page.goto(tenant.at(`/events/${id}`));
  const body = page.getByRole("region", { name: "data", exact: true });
  await expect(body).toContainText('"a": 12345678901234567890');
  await expect(body).toContainText('"b": 1.0');
  await pick(page, "Form of the payload", "Raw, as received");
  await expect(body).toHaveText(data);
  await expect(page.getByRole("region", { name: "metadata", exact: true })).toHaveText('{"z":1e2}');
  await page.getByRole("button", { name: "Copy data" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await clipboard(page)).toBe(data);
});

test("an event tells of each subscription why it went there or did not", async ({ page, tenant }) => {
  const at = await tenant.receiver(good);
  const matched = await tenant.subscribe(at);
  const filtered = await tenant.subscribe(at, { filter: "data.amount > 100" });
  const other = await tenant.subscribe(at, { event_types: ["user.*"] });
  const paused = await tenant.subscribe(at, { status: "paused" });
  const id = await tenant.post("order.paid", { amount: 5 });
  await tenant.one("succeeded");
  const late = await tenant.subscribe(at);

  await page.goto(tenant.at(`/events/${id}`));
  const table = "Subscriptions and what the event came to there";
  const told = (subscription: { id: string }) =>
    rows(page, table).filter({ has: page.locator(`a[href*="${subscription.id}"]`) });
  await expect(told(matched)).toContainText("delivered");
  await expect(told(filtered)).toContainText("skippedIts filter does not match. It was: data.amount > 100");
  await expect(told(other)).toContainText(
    "skippedIts event types do not include this one. They were: user.*",
  );
  await expect(told(paused)).toContainText("heldIt was paused.");
  await expect(told(late)).toContainText("skippedIt was created after the event.");
});

test("from an event one gets to its deliveries, sends it again, and sees both", async ({ page, tenant }) => {
  const receiver = await tenant.receiver(failing);
  await tenant.subscribe(receiver);
  const id = await tenant.post("order.paid");
  await tenant.one("failed");
  receiver.mood = good;

  await page.goto(tenant.at(`/events/${id}`));
  await rows(page, "deliveries").getByRole("link").first().click();
  await page.getByRole("button", { name: "Redeliver" }).click();
  await agree(page, "Redeliver?", "Redeliver");
  await expect(fact(page, "Trigger")).toHaveText("redelivery");
  await fact(page, "Event").getByRole("link").click();
  await expect(heading(page, `Event ${id}`)).toBeVisible();
  await expect(rows(page, "deliveries")).toHaveText([/succeeded/, /failed/]);
});
