import { OPERATOR_KEY, startServer } from "./support/server";
import { enterKey, expect, keyField, nobody, signedIn, test } from "./support/test";
import { heading } from "./support/ui";

test.use({ storageState: nobody });

test("Enter signs in, and leads to where one wanted to go", async ({ page, tenant }) => {
  await page.goto(tenant.at("/deliveries?status=failed&range=24h"));
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await expect(keyField(page)).toBeFocused();
  await enterKey(page, OPERATOR_KEY);
  await expect(heading(page, "Deliveries")).toBeVisible();
  const { pathname, searchParams } = new URL(page.url());
  expect(pathname).toBe("/deliveries");
  expect(Object.fromEntries(searchParams)).toEqual({ status: "failed", range: "24h", tenant: tenant.id });
  await expect(
    page.getByRole("search", { name: "Filters" }).getByText("failed", { exact: true }),
  ).toBeVisible();
});

test("a wrong key is refused, and another one may be tried", async ({ page, faults }) => {
  faults.expect(/^answer 401 POST .*\/session$/);
  await page.goto("/sign-in");
  await enterKey(page, "a-key-that-is-nobody's");
  await expect(page.getByRole("alert")).toContainText("A valid key is needed");
  await enterKey(page, OPERATOR_KEY);
  await expect(heading(page, "Overview")).toBeVisible();
});

test("who guesses keys is told how long to wait", async ({ page, faults }) => {
  faults.expect(/^answer 429 POST .*\/session$/);
  // Guesses count against the address, which is the other tests' as well.
  const server = await startServer();
  for (let guess = 0; guess < 10; guess++) {
    const answer = await page.request.post(`${server.url}/api/v1/webhooks/session`, {
      data: { key: `guess-number-${guess}-of-ten` },
    });
    expect(answer.status()).toBe(401);
  }
  await page.goto(`${server.url}/sign-in`);
  await enterKey(page, OPERATOR_KEY);
  await expect(page.getByRole("alert")).toContainText(/Try again in \d+ (minutes|seconds)/);
  await expect(keyField(page)).toBeVisible();
  await server.stop();
});

test.describe("whoever is signed in", () => {
  test.beforeEach(async ({ context, server }) => {
    await context.addCookies(await signedIn(server.url));
  });

  test("signs out, and is asked for a key again", async ({ page, context }) => {
    await page.goto("/");
    await expect(heading(page, "Overview")).toBeVisible();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(keyField(page)).toBeVisible();
    expect(await context.cookies()).toEqual([]);
    await page.goto("/deliveries");
    await expect(page).toHaveURL(/\/sign-in\?next=/);
  });

  test("is led back to sign-in when the server has ended the session", async ({ page, context, faults }) => {
    faults.expect(/^answer 401 GET .*\/event-types$/);
    await page.goto("/tenants");
    await expect(heading(page, "Tenants")).toBeVisible();
    const session = await page.request.get("/api/v1/webhooks/session");
    const { csrf_token } = (await session.json()) as { csrf_token: string };
    const ended = await page.request.delete("/api/v1/webhooks/session", {
      headers: { "Posthaste-CSRF": csrf_token },
    });
    expect(ended.status()).toBe(204);
    await page.getByRole("link", { name: "Event types" }).click();
    await expect(keyField(page)).toBeVisible();
    expect(new URL(page.url()).searchParams.get("next")).toBe("/event-types");
    expect(await context.cookies()).toEqual([]);
  });
});
