import { expect, test } from "vitest";
import { expiresAt, expiryFault } from "./expiry";
import { scopeGroups, sortScopes, usual } from "./scopes";

const now = new Date("2026-01-21T12:00:00.000Z");

test("a key expires after days, at a time, or never", () => {
  expect(expiresAt({ lasting: "never", date: "" }, now)).toBeNull();
  expect(expiresAt({ lasting: "7", date: "" }, now)).toBe("2026-01-28T12:00:00.000Z");
  const local = "2026-01-22T09:30";
  expect(expiresAt({ lasting: "date", date: local }, now)).toBe(new Date(local).toISOString());
});

test("a time that is typed has to be one to come", () => {
  expect(expiryFault({ lasting: "date", date: "" }, now)).not.toBeNull();
  expect(expiryFault({ lasting: "date", date: "2026-01-01T00:00" }, now)).not.toBeNull();
  expect(expiryFault({ lasting: "date", date: "2027-01-01T00:00" }, now)).toBeNull();
  expect(expiryFault({ lasting: "30", date: "" }, now)).toBeNull();
});

test("scopes come in one order, and unknown ones are none", () => {
  expect(sortScopes(["deliveries:read", "lost", "events:write"])).toEqual([
    "events:write",
    "deliveries:read",
  ]);
  expect(scopeGroups.flatMap(({ scopes }) => scopes)).toHaveLength(10);
});

test("who reads everything writes nothing", () => {
  const reader = usual.find(({ label }) => label === "Reads everything");
  expect(reader?.scopes).toHaveLength(5);
  expect(reader?.scopes.some((scope) => scope.endsWith(":write"))).toBe(false);
});
