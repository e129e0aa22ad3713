import { fireEvent, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Bin, BinRequest } from "../../api/bins";
import { open } from "../../test/app";
import { fakeServer, operator, page } from "../../test/server";

const at = "2026-01-21T12:00:00Z";

const bin: Bin = {
  id: "bin_1",
  name: "first tries",
  url: "https://example.com/bin/bin_1",
  has_secret: false,
  response: { status: 503, delay_ms: 0 },
  created_at: at,
};

const request: BinRequest = {
  id: "brq_1",
  method: "POST",
  url: "/bin/bin_1",
  headers: [
    ["X-PT-Delivery", "dlv_1"],
    ["x-two", "a"],
    ["x-two", "b"],
  ],
  body: '{"n":12345678901234567890}',
  body_base64: null,
  truncated: false,
  remote_ip: null,
  received_at: at,
  verification: [
    { scheme: "standard", valid: true, reason: null },
    { scheme: "pt", valid: false, reason: "mismatch" },
  ],
};

const answers = (...requests: BinRequest[]) => ({
  "GET /session": operator,
  "GET /bins/bin_1": bin,
  "GET /bins/bin_1/requests": page(...requests),
});

const body = () => screen.findByRole("region", { name: "Body" }, { timeout: 8_000 });

test("a request is shown with its signatures, headers and body", async () => {
  fakeServer(answers(request));
  open("/bins/bin_1?tenant=ten_1");
  expect((await body()).textContent).toContain("12345678901234567890");
  expect(screen.getAllByText("standard holds").length).toBeGreaterThan(0);
  expect(screen.getAllByText("pt does not hold").length).toBeGreaterThan(0);
  expect(screen.getByRole("link", { name: "dlv_1" }).getAttribute("href")).toBe(
    "/deliveries/dlv_1?tenant=ten_1",
  );
  const headers = within(screen.getByRole("table", { name: "Headers" }));
  expect(headers.getAllByText("x-two")).toHaveLength(2);
});

test("what comes is shown by itself, and what was chosen stays", async () => {
  const server = fakeServer(answers(request));
  const router = open("/bins/bin_1");
  await body();
  const newer = { ...request, id: "brq_2", url: "/bin/bin_1?newer", body: "newer" };
  server.answers["GET /bins/bin_1/requests"] = page(newer, request);
  await screen.findByRole("heading", { name: "POST /bin/bin_1?newer" }, { timeout: 6_000 });

  fireEvent.click(screen.getByRole("button", { name: "Older" }));
  await screen.findByRole("heading", { name: "POST /bin/bin_1" });
  expect(router.state.location.search).toMatchObject({ request: "brq_1" });
  server.answers["GET /bins/bin_1/requests"] = page({ ...newer, id: "brq_3" }, newer, request);
  await screen.findByText("All 3 requests", {}, { timeout: 6_000 });
  screen.getByRole("heading", { name: "POST /bin/bin_1" });
});

test("bytes that are no text are shown in hex, in the form that the address names otherwise", async () => {
  fakeServer(answers({ ...request, body: "\u{fffd}A", body_base64: "/0E=" }));
  open("/bins/bin_1");
  expect((await body()).textContent).toContain("ff 41");
  open("/bins/bin_1?form=base64");
  expect((await body()).textContent).toBe("/0E=");
});

test("a bin is made with what it answers", async () => {
  const server = fakeServer({ ...answers(), "GET /bins": page(), "POST /bins": bin });
  open("/bins?tenant=ten_1");
  fireEvent.click(await screen.findByRole("button", { name: "New bin" }, { timeout: 8_000 }));
  fireEvent.change(await screen.findByLabelText(/^Name/), { target: { value: "first tries" } });
  fireEvent.change(screen.getByLabelText("Answers with status"), { target: { value: "503" } });
  fireEvent.click(screen.getByRole("button", { name: "Create" }));
  await screen.findByRole("heading", { level: 1, name: "Bin first tries" });
  const posted = server.seen.find(({ method }) => method === "POST");
  expect(JSON.parse(posted?.body ?? "")).toEqual({
    name: "first tries",
    response: { status: 503, delay_ms: null },
    secret: null,
  });
});
