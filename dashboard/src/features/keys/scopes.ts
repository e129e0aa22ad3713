import type { Scope } from "../../api/keys";

export interface ScopeGroup {
  title: string;
  scopes: { scope: Scope; allows: string }[];
}

/** What each scope lets a program do. Writing does not include reading. */
export const scopeGroups: ScopeGroup[] = [
  {
    title: "Events",
    scopes: [
      { scope: "events:write", allows: "Post events, and keep the catalogue and bins" },
      { scope: "events:read", allows: "See events and why they went where, event types and bins" },
    ],
  },
  {
    title: "Subscriptions",
    scopes: [
      {
        scope: "subscriptions:write",
        allows: "Keep subscriptions, test them, and read and rotate their secrets",
      },
      { scope: "subscriptions:read", allows: "See subscriptions without their secrets, and the audit log" },
    ],
  },
  {
    title: "Deliveries",
    scopes: [
      { scope: "deliveries:write", allows: "Redeliver, cancel, replay and discard" },
      { scope: "deliveries:read", allows: "See deliveries, attempts, dead letters, replays and figures" },
    ],
  },
  {
    title: "Sources",
    scopes: [
      { scope: "sources:write", allows: "Keep the inbound addresses of other providers" },
      { scope: "sources:read", allows: "See them and what they received" },
    ],
  },
  {
    title: "Schedules",
    scopes: [
      { scope: "schedules:write", allows: "Keep schedules and run them" },
      { scope: "schedules:read", allows: "See schedules" },
    ],
  },
];

const listed = scopeGroups.flatMap(({ scopes }) => scopes.map(({ scope }) => scope));

/** In one order, however they were chosen. */
export function sortScopes(chosen: readonly string[]): Scope[] {
  return listed.filter((scope) => chosen.includes(scope));
}

/** What programs are usually given. */
export const usual: { label: string; scopes: Scope[] }[] = [
  { label: "Posts events", scopes: ["events:write"] },
  { label: "Reads everything", scopes: listed.filter((scope) => scope.endsWith(":read")) },
  { label: "None", scopes: [] },
];
