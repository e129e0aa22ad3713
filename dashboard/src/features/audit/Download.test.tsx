import { fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { apiOf } from "../../api/client";
import { collectAudit, MOST_COLLECTED } from "../../api/audit";
import { open } from "../../test/app";
import { aProblem, fakeServer, operator } from "../../test/server";

const entry = (id: string) => ({
  id,
  action: "tenant.updated",
  actor: { type: "operator", id: null },
  resource: { type: "tenant", id: "ten_1" },
  changes: { n: { from: 1, to: 2 } },
  request_id: "r_1",
  source_ip: "192.0.2.1",
  created_at: "2026-01-21T12:00:00Z",
});

let saved: Blob[] = [];

beforeEach(() => {
  saved = [];
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    saved.push(blob as Blob);
    return "blob:saved";
  });
});

test("all that fit are in the file as they were told, page by page", async () => {
  fakeServer({ "GET /session": operator });
  open("/audit?action=tenant.updated&actor=operator");
  fireEvent.click(await screen.findByRole("button", { name: "Download" }, { timeout: 8_000 }));
  fireEvent.click(await screen.findByRole("button", { name: "All that fit, as JSON lines" }));
  const dialog = await screen.findByRole("dialog", { name: "Download the audit log" });
  const first = JSON.stringify(entry("aud_2")).replace('"from":1', '"from":12345678901234567890');
  const pages = [
    new Response(`{"data":[${first}],"next_cursor":"c_1"}`),
    Response.json({ data: [entry("aud_1")], next_cursor: null }),
  ];
  vi.stubGlobal("fetch", turns(pages, window.fetch.bind(window)));
  fireEvent.click(within(dialog).getByRole("button", { name: "Download" }));
  await screen.findByText("All 2 entries are in the file.");
  expect(await saved[0]?.text()).toBe(`${first}\n${JSON.stringify(entry("aud_1"))}\n`);
});

/** Answers the log's pages one after the other. */
function turns(pages: Response[], rest: typeof fetch): typeof fetch {
  return (request, init) => {
    const url = request instanceof Request ? request.url : request.toString();
    if (!url.includes("/audit-log")) return rest(request, init);
    return Promise.resolve(pages.shift() ?? Response.error());
  };
}

test("the file has a bound, and it is told when there is more", async () => {
  const data = Array.from({ length: 250 }, (_, index) => entry(`aud_${index}`));
  const server = fakeServer({ "GET /audit-log": { data, next_cursor: "c_1" } });
  const seen: number[] = [];
  const signal = new AbortController().signal;
  const { entries, more } = await collectAudit(apiOf(undefined), { range: "24h" }, signal, (n) =>
    seen.push(n),
  );
  expect(entries).toHaveLength(MOST_COLLECTED);
  expect(more).toBe(true);
  expect(seen.at(-1)).toBe(MOST_COLLECTED);
  expect(server.seen).toHaveLength(MOST_COLLECTED / 250);
  // All pages are of one window.
  expect(
    new Set(server.seen.map(({ query }) => `${query.get("from") ?? ""} ${query.get("to") ?? ""}`)).size,
  ).toBe(1);
  expect(server.seen[0]?.query.get("to")).not.toBeNull();
});

test("a failure on the way leaves no file", async () => {
  fakeServer({ "GET /audit-log": aProblem(503, { title: "Unavailable" }) });
  await expect(
    collectAudit(apiOf(undefined), {}, new AbortController().signal, () => undefined),
  ).rejects.toMatchObject({ status: 503 });
  expect(saved).toEqual([]);
});
