import { fireEvent, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { open } from "../../test/app";
import { aProblem, fakeServer, operator, page } from "../../test/server";

const outcome = { created: ["a.b"], updated: [], unchanged: ["c.d", "e.f"], deleted: [] };

async function openImport() {
  open("/event-types?tenant=ten_1");
  fireEvent.click(await screen.findByRole("button", { name: "Import" }, { timeout: 8_000 }));
  return await screen.findByRole("textbox", { name: "Document" });
}

const answers = { "GET /session": operator, "GET /event-types": page() };

test("a document is imported by what was checked", async () => {
  const server = fakeServer({ ...answers, "POST /catalogue": outcome });
  const document = await openImport();
  fireEvent.change(document, { target: { value: "event_types:\n- name: a.b\n" } });
  fireEvent.click(screen.getByRole("button", { name: "Check" }));
  await screen.findByText("1 created");
  await screen.findByText("2 unchanged");
  fireEvent.click(screen.getByRole("button", { name: "Import 1 change" }));
  await screen.findByText("The catalogue is imported.");
  const [checked, run] = server.seen.filter(({ path }) => path === "/catalogue");
  expect(checked?.query.get("dry_run")).toBe("true");
  expect(run?.query.get("dry_run")).toBe("false");
  expect(run?.headers.get("Content-Type")).toBe("application/yaml");
  expect(run?.body).toBe("event_types:\n- name: a.b\n");
});

test("another document has to be checked anew", async () => {
  fakeServer({ ...answers, "POST /catalogue": outcome });
  const document = await openImport();
  fireEvent.change(document, { target: { value: "event_types: []" } });
  fireEvent.click(screen.getByRole("button", { name: "Check" }));
  await screen.findByText("1 created");
  fireEvent.change(document, { target: { value: "event_types: [ ]" } });
  expect(screen.queryByText("1 created")).toBeNull();
  screen.getByRole("button", { name: "Check" });
});

test("faults are told with their place and line", async () => {
  const errors = [{ pointer: "/event_types/1/name", detail: "must be an event type" }];
  fakeServer({ ...answers, "POST /catalogue": aProblem(422, { title: "Refused", errors }) });
  const document = await openImport();
  fireEvent.change(document, { target: { value: '{"event_types": [\n{"name": "a"},\n{"name": " "}]}' } });
  fireEvent.click(screen.getByRole("button", { name: "Check" }));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("/event_types/1/name (line 3) must be an event type");
});
