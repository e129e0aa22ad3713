import { busy, failing, good } from "./support/receiver";
import { expect, test } from "./support/test";
import { fact, heading, pick, rows, shown } from "./support/ui";

test("the figures of a chosen time are told, and links lead to what they count", async ({ page, tenant }) => {
  const ill = await tenant.subscribe(await tenant.receiver(failing), { event_types: ["order.paid"] });
  await tenant.subscribe(await tenant.receiver(good));
  await tenant.post("order.paid");
  await tenant.post("user.left");
  await tenant.until(1, "failed");
  await tenant.until(2, "succeeded");

  await page.goto(tenant.at("/"));
  await expect(fact(page, "Events")).toHaveText("2");
  await expect(fact(page, "Deliveries")).toHaveText("3");
  await expect(fact(page, "Failed attempts")).toHaveText("4");
  await expect(fact(page, "Attempts that succeeded")).toHaveText("33.33 %");
  await expect(page.getByRole("img", { name: "Attempts over time: 2 succeeded, 4 failed" })).toBeVisible();
  await expect(page.getByRole("img", { name: /^Duration of attempts over time: p50/ })).toBeVisible();

  const worst = page.getByRole("list", { name: "Worst subscriptions" }).getByRole("listitem");
  await expect(worst).toHaveText([/4 of 4 attempts failed, 1 dead letter/]);
  await expect(worst.getByRole("link").first()).toHaveAttribute("href", new RegExp(ill.id));
  await expect(page.getByRole("list", { name: "Failed attempts by reason" })).toContainText(/http_status.*4/);
  await expect(page.getByRole("list", { name: "Deliveries that failed last" })).toContainText("order.paid");

  await page.getByText("The charts as a table").click();
  await expect(
    page.getByRole("table", { name: "Attempts over time" }).getByRole("row", { name: / 6 2 4 / }),
  ).toHaveCount(1);

  await pick(page, "Time range", "15m");
  await expect.poll(() => shown(page)).toEqual({ range: ["15m"] });
  await expect(fact(page, "Failed attempts")).toHaveText("4");

  await fact(page, "Dead letters").getByRole("link").click();
  await expect(heading(page, "Dead letters")).toBeVisible();
  expect(shown(page)).toMatchObject({ range: ["15m"] });
  await page.goBack();
  await page.getByRole("link", { name: "http_status" }).click();
  await expect(heading(page, "Deliveries")).toBeVisible();
  await expect(rows(page, "deliveries")).toHaveText([/failed.*order\.paid/]);
});

test("a time that is over is chosen by its two instants", async ({ page, tenant }) => {
  await tenant.subscribe(await tenant.receiver(good));
  await tenant.post("order.paid");
  await tenant.until(1, "succeeded");
  await page.goto(tenant.at("/?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"));
  await expect(page.getByText("Nothing was sent in this time.")).toBeVisible();
  await expect(fact(page, "Events")).toHaveText("0");
  await page.getByRole("button", { name: "From – to" }).click();
  const from = page.getByRole("button", { name: "From", exact: true });
  await expect(from).toContainText("2026");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await pick(page, "Time range", "1h");
  await expect(fact(page, "Events")).toHaveText("1");
});

test("new deliveries show by themselves, without loading the page anew", async ({ page, tenant }) => {
  const receiver = await tenant.receiver(good);
  await tenant.subscribe(receiver);
  await page.goto(tenant.at("/"));
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await expect(fact(page, "Events")).toHaveText("0");
  await page.evaluate(() => document.body.setAttribute("data-same-page", ""));
  const before = page.url();

  await tenant.post("order.paid");
  await expect(fact(page, "Events")).toHaveText("1");
  await expect(fact(page, "Attempts that succeeded")).toHaveText("100 %");
  receiver.mood = failing;
  await tenant.post("order.shipped");
  await expect(page.getByRole("list", { name: "Deliveries that failed last" })).toContainText(
    "order.shipped",
  );
  await expect(page.getByRole("list", { name: "Worst subscriptions" }).getByRole("listitem")).toHaveCount(1);
  await expect(fact(page, "Dead letters")).toHaveText("1");
  await expect(page.locator("body[data-same-page]")).toHaveCount(1);
  expect(page.url()).toBe(before);
});

test("what waits is told by lane, those that are not served first", async ({ page, tenant }) => {
  const paused = await tenant.subscribe(await tenant.receiver(good, "paused"), { status: "paused" });
  await tenant.subscribe(await tenant.receiver(busy, "busy"));
  await tenant.post("order.paid");
  await tenant.post("order.paid");
  await tenant.until(2, "retrying");

  await page.goto(tenant.at("/"));
  const lanes = page.getByRole("list", { name: "Lanes" }).getByRole("listitem");
  await expect(lanes).toHaveText([/^paused.*\/paused.*2 wait/, /^served.*\/busy.*2 wait, next due/]);
  await expect(page.getByText("1 lane behind, open or paused, 1 served.")).toBeVisible();
  await lanes.first().getByRole("link").click();
  await expect(heading(page, new RegExp(paused.id))).toBeVisible();
  // The queue is everybody's: it is told where no tenant is chosen.
  await page.goto("/");
  await expect(page.getByText(/^In the queue: /)).toBeVisible();
});
