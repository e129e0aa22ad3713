import { QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { cache } from "../api/cache";
import { sessionQuery, type Scope, type Session } from "../api/session";
import { operator } from "../test/server";
import { useAllowed } from "./allowed";

function allowed(session: Session, scope: Scope): boolean {
  cache.setQueryData(sessionQuery.queryKey, session);
  const wrapper = ({ children }: { children: React.ReactNode }) => (
    <QueryClientProvider client={cache}>{children}</QueryClientProvider>
  );
  return renderHook(() => useAllowed(scope), { wrapper }).result.current;
}

const key = (...scopes: Scope[]): Session => ({ ...operator, actor: "key", tenant_id: "ten_1", scopes });

test("the operator may do everything, and so may a key with all scopes", () => {
  expect(allowed(operator, "deliveries:write")).toBe(true);
  expect(allowed(key("*"), "deliveries:write")).toBe(true);
});

test("any other may do what its scopes say, and writing does not include reading", () => {
  expect(allowed(key("deliveries:read"), "deliveries:read")).toBe(true);
  expect(allowed(key("deliveries:read"), "deliveries:write")).toBe(false);
  expect(allowed(key("deliveries:write"), "deliveries:read")).toBe(false);
  expect(allowed(key(), "events:read")).toBe(false);
});
