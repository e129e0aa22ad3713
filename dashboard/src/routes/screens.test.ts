import { expect, test } from "vitest";
import type { Session } from "../api/session";
import { operator } from "../test/server";
import { mayOpen, screenAt, screens } from "./screens";

const opened = (session: Session) =>
  screens.filter((screen) => mayOpen(session, screen)).map(({ to }) => to as string);
const key: Session = { ...operator, actor: "key", tenant_id: "ten_1" };

test("the operator opens every screen, and a key with all scopes all but the operator's", () => {
  expect(opened(operator)).toEqual(screens.map(({ to }) => to));
  expect(opened({ ...key, scopes: ["*"] })).not.toContain("/tenants");
  expect(opened({ ...key, scopes: ["*"] })).toHaveLength(screens.length - 2);
});

test("a key opens the screens that its scopes read", () => {
  expect(opened({ ...key, scopes: ["events:read", "deliveries:write"] })).toEqual([
    "/events",
    "/event-types",
    "/bins",
  ]);
});

test("an address below a screen's is of that screen, unless it is a page for one act", () => {
  expect(screenAt("/")?.to).toBe("/");
  expect(screenAt("/replays/rpl_1")?.needs).toBe("deliveries:read");
  expect(screenAt("/replays/new")?.needs).toBe("deliveries:write");
  expect(screenAt("/tenants/ten_1")?.needs).toBe("operator");
  expect(screenAt("/nowhere")).toBe(undefined);
});
