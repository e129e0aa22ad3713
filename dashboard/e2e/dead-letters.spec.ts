import { failing, good, rude, type Receiver } from "./support/receiver";
import type { Tenant } from "./support/tenant";
import { expect, test } from "./support/test";
import { agree, choose, filterBy, heading, pick, rows, shown, told } from "./support/ui";

/** Two receivers with dead letters: three of one event type and one of another at the first, one at the other. */
async function ill(tenant: Tenant): Promise<{ first: Receiver; id: string; other: string }> {
  const first = await tenant.receiver(failing);
  const { id } = await tenant.subscribe(first);
  const second = await tenant.subscribe(await tenant.receiver(rude), { event_types: ["user.left"] });
  await tenant.postMany(3, () => ({ type: "order.paid" }));
  await tenant.post("user.left");
  await tenant.until(5, "failed");
  return { first, id, other: second.id };
}

const letters = "dead letters";

test("dead letters are grouped by reason and subscription, and each group leads to its own", async ({
  page,
  tenant,
}) => {
  const { id, other } = await ill(tenant);
  await page.goto(tenant.at("/dead-letters"));
  await expect(rows(page, letters)).toHaveCount(5);
  const groups = rows(page, "Groups of dead letters");
  await expect(groups).toHaveText([/^http_status.*4/, /^protocol.*1/]);
  await groups.last().getByRole("link").first().click();
  await expect(rows(page, letters)).toHaveText([/user\.left/]);
  expect(shown(page)).toMatchObject({ subscription_id: [other] });
  await page.getByRole("link", { name: "Show those of every group" }).click();
  await expect(rows(page, letters)).toHaveCount(5);
  await choose(page, "Subscription", new RegExp(id));
  await filterBy(page, "Event type", "order.paid");
  await expect(rows(page, letters)).toHaveCount(3);
});

test("one dead letter is replayed, another is discarded, and both are told as that", async ({
  page,
  tenant,
}) => {
  const { first } = await ill(tenant);
  await page.goto(tenant.at("/dead-letters?event_type=order.paid"));
  await expect(rows(page, letters)).toHaveCount(3);
  first.mood = good;
  await rows(page, letters).first().getByRole("button", { name: "Replay" }).click();
  await told(page, "A new delivery is under way.");
  await tenant.until(1, "succeeded");
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(rows(page, letters)).toHaveCount(2);
  await rows(page, letters).first().getByRole("button", { name: "Discard" }).click();
  await agree(page, "Discard?", "Discard");
  await told(page, "It is discarded.");
  await expect(rows(page, letters)).toHaveCount(1);
  await pick(page, "Which dead letters", "Replayed or discarded");
  await expect(rows(page, letters).filter({ hasText: "replayed" })).toHaveCount(1);
  await expect(rows(page, letters).filter({ hasText: "discarded" })).toHaveCount(1);
  expect(shown(page)).toEqual({ event_type: ["order.paid"], resolved: ["true"] });
});

test("all that fit are replayed once their number is agreed to, and how far that is shows", async ({
  page,
  tenant,
}) => {
  const { first, id } = await ill(tenant);
  first.mood = good;
  await page.goto(tenant.at(`/dead-letters?subscription_id=${id}`));
  await expect(rows(page, letters)).toHaveCount(4);
  await page.getByRole("button", { name: "Replay all that fit…" }).click();
  const dialog = page.getByRole("dialog", { name: "Replay as 4 deliveries?" });
  await dialog.getByRole("button", { name: "Keep them" }).click();
  await expect(dialog).toBeHidden();
  expect(await tenant.deliveries({ status: ["succeeded"] })).toHaveLength(0);

  await page.getByRole("button", { name: "Replay all that fit…" }).click();
  await agree(page, "Replay as 4 deliveries?", "Replay as 4 deliveries");
  await expect(page.getByText("4 succeeded")).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Progress" })).toHaveAttribute("aria-valuenow", "4");
  await expect(page.getByText("No dead letter fits: nothing here has used up its attempts.")).toBeVisible();
  await page.getByRole("link", { name: /^rpl_/ }).click();
  await expect(heading(page, /^Replay rpl_/)).toBeVisible();
});

test("all that fit are discarded once their number is agreed to", async ({ page, tenant }) => {
  const { other } = await ill(tenant);
  await page.goto(tenant.at(`/dead-letters?subscription_id=${other}`));
  await page.getByRole("button", { name: "Discard all that fit…" }).click();
  await agree(page, "Discard 1 dead letter?", "Discard 1 dead letter");
  await told(page, "1 dead letter is discarded.");
  await expect(page.getByText("No dead letter fits: nothing here has used up its attempts.")).toBeVisible();

  // By event type they are counted as deliveries that a replay would make.
  await page.goto(tenant.at("/dead-letters?event_type=order.paid"));
  await page.getByRole("button", { name: "Discard all that fit…" }).click();
  await agree(page, "Discard at least 3 dead letters?", "Discard at least 3 dead letters");
  await told(page, "3 dead letters are discarded.");
  await filterBy(page, "Event type", "");
  await expect(rows(page, letters)).toHaveText([/user\.left/]);
});

test("many are not chosen across tenants", async ({ page, tenant }) => {
  await ill(tenant);
  await page.goto("/dead-letters?range=1h");
  await expect(page.getByText("Choose a tenant to replay or discard many.")).toBeVisible();
  await expect(rows(page, letters).first()).toBeVisible();
});
