import { fireEvent, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { open } from "../../test/app";
import { fakeServer, operator, page } from "../../test/server";

const tenant = {
  id: "ten_1",
  name: "Example, Inc.",
  external_id: null,
  status: "active",
  strict_event_types: false,
  sandbox: false,
  rate_limit: null,
  ingest_rate_limit: null,
  egress: { allow: [], deny: [] },
  metadata: { n: 1 },
  created_at: "2026-01-21T12:00:00.000Z",
  updated_at: "2026-01-21T12:00:00.000Z",
};

test("a tenant is deleted by who types its name, and is no longer looked at", async () => {
  const server = fakeServer({
    "GET /session": operator,
    "GET /tenants": page(tenant),
    "GET /tenants/ten_1": tenant,
    "GET /tenants/ten_1/keys": page(),
    "GET /tenants/ten_1/portal-links": page(),
    "DELETE /tenants/ten_1": new Response(null, { status: 204 }),
  });
  const router = open("/tenants/ten_1?tenant=ten_1");
  fireEvent.click(await screen.findByRole("button", { name: "Delete" }, { timeout: 8_000 }));
  const dialog = within(await screen.findByRole("dialog", { name: "Delete Example, Inc.?" }));
  const name = dialog.getByLabelText(/^Type its name/);
  const submit = dialog.getByRole("button", { name: "Delete the tenant" });

  fireEvent.change(name, { target: { value: "Example" } });
  expect(submit.hasAttribute("disabled")).toBe(true);
  fireEvent.submit(name);
  expect(server.seen.some(({ method }) => method === "DELETE")).toBe(false);

  fireEvent.change(name, { target: { value: "Example, Inc." } });
  fireEvent.submit(name);
  await screen.findByRole("heading", { level: 1, name: "Tenants" });
  expect(router.state.location.href).toBe("/tenants");
  expect(server.seen.filter(({ method }) => method === "DELETE")).toHaveLength(1);
});
