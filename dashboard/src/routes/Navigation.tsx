import type { Session } from "../api/session";
import { NavItem } from "../ui/links";
import { mayOpen, screens } from "./screens";

export function Navigation({ session }: { session: Session }) {
  return screens
    .filter((screen) => mayOpen(session, screen))
    .map(({ to, label }) => (
      <NavItem key={to} to={to} label={label} activeOptions={{ exact: to === "/", includeSearch: false }} />
    ));
}
