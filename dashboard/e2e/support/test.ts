import { test as base, request, expect, type Page } from "@playwright/test";
import { apiOf, type Api } from "./api";
import { Faults } from "./faults";
import { OPERATOR_KEY, startServer, type Server } from "./server";
import { Tenant } from "./tenant";

interface OfTest {
  faults: Faults;
  /** A tenant of the test's own. */
  tenant: Tenant;
  /** A page of somebody else's browser, in which nobody is signed in. */
  guest: Page;
}

interface OfWorker {
  server: Server;
  operator: Api;
  /** The operator, signed in. */
  session: { cookies: Cookies; origins: [] };
}

type Cookies = Awaited<ReturnType<Awaited<ReturnType<typeof request.newContext>>["storageState"]>>["cookies"];

/** Tests with the program of their worker, signed in as its operator, in which no page may complain. */
export const test = base.extend<OfTest, OfWorker>({
  server: [
    async ({}, provide) => {
      const server = await startServer();
      await provide(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

  operator: [async ({ server }, provide) => provide(apiOf(server.url, OPERATOR_KEY)), { scope: "worker" }],

  session: [
    async ({ server }, provide) => provide({ cookies: await signedIn(server.url), origins: [] }),
    { scope: "worker" },
  ],

  baseURL: ({ server }, provide) => provide(server.url),
  storageState: ({ session }, provide) => provide(session),

  faults: async ({}, provide) => {
    const faults = new Faults();
    await provide(faults);
    expect(faults.unexpected(), "what the browser complained of").toEqual([]);
  },

  context: async ({ context, faults }, provide) => {
    faults.watch(context);
    await provide(context);
  },

  guest: async ({ browser, faults }, provide) => {
    const context = await browser.newContext({ storageState: nobody });
    faults.watch(context);
    await provide(await context.newPage());
    await context.close();
  },

  tenant: async ({ server }, provide) => {
    const tenant = await Tenant.make(server.url);
    await provide(tenant);
    tenant.close();
  },
});

export { expect };

/** For tests that begin, or end, without anybody signed in. */
export const nobody = { cookies: [], origins: [] };

/** The cookies of a session that no other test has. */
export async function signedIn(url: string, key = OPERATOR_KEY): Promise<Cookies> {
  const client = await request.newContext({ baseURL: url });
  const answer = await client.post("/api/v1/webhooks/session", { data: { key } });
  expect(answer.status()).toBe(201);
  const { cookies } = await client.storageState();
  await client.dispose();
  return cookies;
}

/** A field that is needed has a star in its label. */
export const keyField = (page: Page) => page.getByLabel(/^Key/);

export async function enterKey(page: Page, key: string): Promise<void> {
  await keyField(page).fill(key);
  await page.keyboard.press("Enter");
}
