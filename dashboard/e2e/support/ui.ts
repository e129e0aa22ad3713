import { expect, type Locator, type Page } from "@playwright/test";

// How the dashboard's parts are used, whichever screen they are on.

export const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name });

/** The rows of a list, without its head. */
export function rows(page: Page, noun: string): Locator {
  return page.getByRole("table", { name: noun, exact: true }).locator("tbody").getByRole("row");
}

/** The value that stands below a name, as on the page of one thing. */
export function fact(page: Page | Locator, name: string): Locator {
  const term = page.locator("dt").filter({ hasText: new RegExp(`^${name}$`) });
  return term.locator("xpath=following-sibling::dd[1]");
}

/** Chooses from a list that drops down. */
export async function choose(page: Page | Locator, label: string, option: string | RegExp): Promise<void> {
  // Where something is chosen already, that stands in front of the field.
  await page.getByRole("combobox", { name: label }).click({ force: true });
  const root = "page" in page ? page.page() : page;
  await root.getByRole("option", { name: option, exact: true }).click();
}

/** Chooses one of those beside each other. */
export async function pick(page: Page | Locator, group: string, name: string): Promise<void> {
  await page.getByRole("radiogroup", { name: group }).getByText(name, { exact: true }).click();
}

/** Writes into a filter; Enter says that it is finished. */
export async function filterBy(page: Page, label: string, value: string): Promise<void> {
  const field = page.getByRole("search", { name: "Filters" }).getByLabel(label, { exact: true });
  await field.fill(value);
  await field.press("Enter");
}

/** A field tells what is wrong with it. */
export async function faulty(field: Locator, why: RegExp): Promise<void> {
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(why);
}

/** Agrees to what is asked before an act. */
export async function agree(page: Page, title: string | RegExp, button: string | RegExp): Promise<void> {
  const dialog = page.getByRole("dialog", { name: title });
  await dialog.getByRole("button", { name: button }).click();
  await expect(dialog).toBeHidden();
}

/** What is told at the edge once an act is done. */
export async function told(page: Page, text: string | RegExp): Promise<void> {
  await expect(page.getByRole("alert").filter({ hasText: text })).toBeVisible();
}

export const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

/** The address, as far as it says what is shown. */
export function shown(page: Page): Record<string, string[]> {
  const { searchParams } = new URL(page.url());
  const names = [...new Set(searchParams.keys())].filter((name) => name !== "tenant");
  return Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)]));
}

/** A file that the page gives. */
export async function saved(
  page: Page,
  act: () => Promise<unknown>,
): Promise<{ name: string; text: string }> {
  const coming = page.waitForEvent("download");
  await act();
  const download = await coming;
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString() };
}
