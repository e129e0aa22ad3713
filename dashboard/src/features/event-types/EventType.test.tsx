import { fireEvent, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { open } from "../../test/app";
import { aProblem, fakeServer, operator } from "../../test/server";

const stored = (versions: string) =>
  new Response(
    `{"name":"order.paid","description":"","deprecated":false,"versions":${versions},` +
      `"created_at":"2026-01-21T12:00:00Z","updated_at":"2026-01-21T12:00:00Z"}`,
  );
const first = '{"version":"1","schema":null,"example":{"n":12345678901234567890}}';

async function openNewVersion() {
  open("/event-types/order.paid?tenant=ten_1");
  fireEvent.click(await screen.findByRole("button", { name: "New version" }, { timeout: 8_000 }));
  return await screen.findByRole("textbox", { name: "Version" });
}

test("a new version begins as the newest, and the others stay as they are written", async () => {
  const server = fakeServer({
    "GET /session": operator,
    "GET /event-types/order.paid": stored(`[${first}]`),
    "PATCH /event-types/order.paid": stored(`[${first}]`),
  });
  const version = await openNewVersion();
  const example = screen.getByRole("textbox", { name: "Example" });
  expect((example as HTMLTextAreaElement).value).toContain("12345678901234567890");
  fireEvent.change(version, { target: { value: "2" } });
  fireEvent.change(example, { target: { value: '{"n":1.0}' } });
  // Somebody else adds one meanwhile.
  server.answers["GET /event-types/order.paid"] = stored(`[${first},${first.replace('"1"', '"1b"')}]`);
  fireEvent.click(screen.getByRole("button", { name: "Add version" }));
  await expect
    .poll(() => server.seen.find(({ method }) => method === "PATCH")?.body)
    .toBe(
      `{"versions":[${first},${first.replace('"1"', '"1b"')},{"version":"2","schema":null,"example":{"n":1.0}}]}`,
    );
});

test("what the server refuses of a version is told at its fields", async () => {
  const errors = [{ pointer: "/versions/1/example/n", detail: "is no text" }];
  const server = fakeServer({
    "GET /session": operator,
    "GET /event-types/order.paid": stored(`[${first}]`),
    "PATCH /event-types/order.paid": aProblem(422, { title: "Refused", errors }),
  });
  const version = await openNewVersion();
  fireEvent.click(screen.getByRole("button", { name: "Add version" }));
  await screen.findByText(/A version needs a name/);
  expect(server.seen.some(({ method }) => method === "PATCH")).toBe(false);
  fireEvent.change(version, { target: { value: "2" } });
  fireEvent.click(screen.getByRole("button", { name: "Add version" }));
  await screen.findByText("Line 2, /n: is no text");
});
