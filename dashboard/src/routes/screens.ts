import { allows, type Scope, type Session } from "../api/session";

interface Needing {
  to: string;
  label: string;
  needs: Scope | "operator";
}

/** The screens to choose from, each with the scope that its list needs. */
export const screens = [
  { to: "/", label: "Overview", needs: "deliveries:read" },
  { to: "/events", label: "Events", needs: "events:read" },
  { to: "/deliveries", label: "Deliveries", needs: "deliveries:read" },
  { to: "/dead-letters", label: "Dead letters", needs: "deliveries:read" },
  { to: "/replays", label: "Replays", needs: "deliveries:read" },
  { to: "/subscriptions", label: "Subscriptions", needs: "subscriptions:read" },
  { to: "/event-types", label: "Event types", needs: "events:read" },
  { to: "/bins", label: "Bins", needs: "events:read" },
  { to: "/audit", label: "Audit log", needs: "subscriptions:read" },
  { to: "/keys", label: "Keys", needs: "operator" },
  { to: "/tenants", label: "Tenants", needs: "operator" },
] as const satisfies readonly Needing[];

type Screen = (typeof screens)[number] | (typeof forms)[number];

/** Pages for one act alone: nothing is to be seen there without its scope. */
const forms = [
  { to: "/replays/new", label: "A new replay", needs: "deliveries:write" },
] as const satisfies readonly Needing[];

export function mayOpen(session: Session, { needs }: Screen): boolean {
  return needs === "operator" ? session.actor === "operator" : allows(session, needs);
}

/** The screen that an address is of, or is below of. */
export function screenAt(pathname: string): Screen | undefined {
  return [...forms, ...screens].find(
    ({ to }) => pathname === to || (to !== "/" && pathname.startsWith(`${to}/`)),
  );
}
