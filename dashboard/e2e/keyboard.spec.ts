import type { Page } from "@playwright/test";
import { failing } from "./support/receiver";
import { OPERATOR_KEY } from "./support/server";
import { expect, keyField, nobody, test } from "./support/test";
import { heading } from "./support/ui";

test.use({ storageState: nobody });

const MOST_STEPS = 60;

/** Presses Tab until that has the focus, which has to be seen on it. */
async function tabTo(page: Page, role: "link" | "button", name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true }).first();
  await expect(wanted).toBeVisible();
  for (let step = 0; step < MOST_STEPS; step++) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      const outline = await wanted.evaluate((element) => getComputedStyle(element).outlineStyle);
      expect(outline, "the outline of what has the focus").not.toBe("none");
      return;
    }
  }
  throw new Error(`${String(name)} is not reached within ${MOST_STEPS} steps`);
}

test("who has no mouse signs in, opens a delivery and sends it again", async ({ page, tenant }) => {
  await tenant.subscribe(await tenant.receiver(failing));
  await tenant.post("order.paid");
  const { id } = await tenant.one("failed");

  await page.goto(tenant.at("/"));
  await expect(keyField(page)).toBeFocused();
  await page.keyboard.type(OPERATOR_KEY);
  await page.keyboard.press("Enter");
  await expect(heading(page, "Overview")).toBeVisible();
  await tabTo(page, "link", "Deliveries");
  await page.keyboard.press("Enter");
  await expect(heading(page, "Deliveries")).toBeVisible();
  await tabTo(page, "link", `dlv_…${id.slice(-8)}`);
  await page.keyboard.press("Enter");
  await expect(heading(page, `Delivery ${id}`)).toBeVisible();

  await tabTo(page, "button", "Redeliver");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Redeliver?" });
  await expect(dialog).toBeVisible();
  // The focus goes into the dialog, and back when it is left.
  await expect(dialog.locator(":focus")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Redeliver" })).toBeFocused();
});

test.describe("colours", () => {
  test.use({ colorScheme: "dark" });

  test("follow the system until somebody chooses others, which are kept", async ({ page }) => {
    const html = page.locator("html");
    await page.goto("/sign-in");
    await expect(html).toHaveAttribute("data-mantine-color-scheme", "dark");
    await page.keyboard.type(OPERATOR_KEY);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Use light colours" }).click();
    await expect(html).toHaveAttribute("data-mantine-color-scheme", "light");
    await page.reload();
    await expect(html).toHaveAttribute("data-mantine-color-scheme", "light");
    await page.getByRole("button", { name: "Use dark colours" }).click();
    await expect(html).toHaveAttribute("data-mantine-color-scheme", "dark");
  });
});
