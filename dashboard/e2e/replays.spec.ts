import type { Page } from "@playwright/test";
import { failing, good } from "./support/receiver";
import type { Tenant } from "./support/tenant";
import { expect, test } from "./support/test";
import { agree, choose, fact, heading, rows, shown, told } from "./support/ui";

/** Deliveries that failed at a receiver that is well again. Few enough for its circuit to stay closed. */
async function failures(tenant: Tenant, number: number): Promise<string> {
  const receiver = await tenant.receiver(failing);
  const { id } = await tenant.subscribe(receiver);
  await tenant.postMany(number, () => ({ type: "order.paid" }));
  await tenant.until(number, "failed");
  receiver.mood = good;
  return id;
}

/** Drags over the latter half of the histogram, where what has just happened is. */
async function brush(page: Page): Promise<void> {
  const bars = page.getByRole("img", { name: /^Attempts over time/ });
  await expect(bars).toHaveAccessibleName(/[1-9]\d* failed/);
  const box = await bars.boundingBox();
  if (box === null) throw new Error("The histogram is not to be seen");
  const middle = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.52, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, middle, { steps: 4 });
  await page.mouse.move(box.x + box.width - 1, middle, { steps: 4 });
  await page.mouse.up();
}

test("a window is brushed with the mouse, counted, and replayed to its end", async ({ page, tenant }) => {
  await failures(tenant, 6);
  await page.goto(tenant.at("/replays/new?range=15m"));
  await expect(page.getByText("6 deliveries would be made")).toBeVisible();
  await brush(page);
  await expect.poll(() => Object.keys(shown(page)).sort()).toEqual(["from", "shown_from", "shown_to", "to"]);
  const { from, to, shown_from, shown_to } = shown(page);
  const [begin, end, left, right] = [from, to, shown_from, shown_to].map((at) => Date.parse(String(at)));
  // Eight of sixteen bars, of which the last one ends after now.
  expect(Number(end) - Number(begin)).toBe(8 * 60_000);
  expect(Number(right) - Number(left)).toBe(15 * 60_000);
  expect(end).toBeGreaterThanOrEqual(Number(right));
  await expect(page.getByText(/Its 8 bars: 24 attempts, 24 failed\./)).toBeVisible();

  await page.getByRole("button", { name: "Replay 6" }).click();
  await agree(page, "Replay 6?", "Replay 6");
  await told(page, "The replay is running: this is its page.");
  await expect(heading(page, /^Replay rpl_/)).toBeVisible();
  await expect(page.getByText("6 succeeded")).toBeVisible();
  await expect(fact(page, "Status")).toHaveText("completed");
  await expect(page.getByRole("progressbar", { name: "Progress" })).toHaveAttribute("aria-valuenow", "6");
  await page.getByRole("link", { name: "Its deliveries" }).click();
  await expect(rows(page, "deliveries")).toHaveCount(6);
});

test("a window is moved by keyboard, and narrowed by subscription, type and status", async ({
  page,
  tenant,
}) => {
  const subscription = await failures(tenant, 2);
  await tenant.subscribe(await tenant.receiver(good), { event_types: ["order.shipped"] });
  await tenant.post("order.shipped");
  await tenant.until(2, "succeeded");
  await page.goto(tenant.at("/replays/new?range=15m"));
  await expect(page.getByText("2 deliveries would be made")).toBeVisible();

  const edge = page.getByRole("slider", { name: "Beginning of the window" });
  await edge.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(edge).toHaveAttribute("aria-valuenow", "2");
  await expect(page.getByText("2 deliveries would be made")).toBeVisible();

  await choose(page, "Deliveries that are", "succeeded");
  await page.keyboard.press("Escape");
  await expect(page.getByText("4 deliveries would be made")).toBeVisible();
  await page.getByRole("combobox", { name: "Event types" }).fill("order.shipped");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await expect(page.getByText("2 deliveries would be made")).toBeVisible();
  await choose(page, "Subscription", new RegExp(subscription));
  await expect(page.getByText("1 delivery would be made")).toBeVisible();
  expect(shown(page)).toMatchObject({
    statuses: ["failed", "succeeded"],
    event_type: ["order.shipped"],
    subscription_id: [subscription],
  });
});

test("a slow replay is paused, goes on, and is cancelled", async ({ page, tenant }) => {
  await failures(tenant, 6);
  await page.goto(tenant.at("/replays/new?range=15m"));
  const rate = page.getByLabel("Most per second");
  await rate.fill("0.2");
  await rate.press("Enter");
  await expect(page.getByText("which takes 30 seconds at 0.2 per second.")).toBeVisible();
  await page.getByRole("button", { name: "Replay 6" }).click();
  await agree(page, "Replay 6?", "Replay 6");
  await expect(heading(page, /^Replay rpl_/)).toBeVisible();
  await expect(fact(page, "Status")).toHaveText("running");
  await expect(page.getByText(/^[1-5] succeeded$/)).toBeVisible();

  await page.getByRole("button", { name: "Pause" }).click();
  await told(page, "The replay is paused.");
  await expect(fact(page, "Status")).toHaveText("paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await told(page, "The replay goes on.");
  await expect(fact(page, "Status")).toHaveText("running");
  await page.getByRole("button", { name: "Cancel" }).click();
  await agree(page, "Cancel?", "Cancel");
  await expect(fact(page, "Status")).toHaveText("cancelled");
  await expect(page.getByText(/^[1-5] succeeded$/)).toBeVisible();
  await page.getByRole("link", { name: "Replays" }).click();
  await expect(rows(page, "replays")).toHaveText([/cancelled/]);
});

test("where nothing is to be sent again nothing can be started", async ({ page, tenant }) => {
  await page.goto(tenant.at("/replays"));
  await expect(page.getByText("No replay fits. Start one to send the events of a time again.")).toBeVisible();
  await page.getByRole("link", { name: "New replay" }).click();
  await expect(heading(page, "New replay")).toBeVisible();
  await expect(page.getByText("No delivery would be made: nothing in this window fits.")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Replay/ })).toBeDisabled();
});
