import { NavItem } from "../ui/links";

const screens = [
  { to: "/", label: "Overview" },
  { to: "/events", label: "Events" },
  { to: "/deliveries", label: "Deliveries" },
  { to: "/dead-letters", label: "Dead letters" },
  { to: "/replays", label: "Replays" },
  { to: "/subscriptions", label: "Subscriptions" },
  { to: "/event-types", label: "Event types" },
  { to: "/bins", label: "Bins" },
  { to: "/audit", label: "Audit log" },
] as const;

/** Their routes answer the operator only. */
const operatorScreens = [
  { to: "/keys", label: "Keys" },
  { to: "/tenants", label: "Tenants" },
] as const;

export function Navigation({ operator }: { operator: boolean }) {
  const shown = operator ? [...screens, ...operatorScreens] : screens;
  return shown.map(({ to, label }) => (
    <NavItem key={to} to={to} label={label} activeOptions={{ exact: to === "/", includeSearch: false }} />
  ));
}
