import { useQuery } from "@tanstack/react-query";
import { sessionQuery, type PortalLook } from "../api/session";

/** Whose pages these are: in the portal that of who runs it, if it is configured. */
export function useBrand(): PortalLook & { name: string } {
  // It waits for the session and does not ask for it: there are pages for who has none.
  const { data: session } = useQuery({ ...sessionQuery, enabled: false });
  const look = session?.portal;
  return {
    name: look?.name ?? "Posthaste",
    primary_color: look?.primary_color ?? null,
    logo_url: look?.logo_url ?? null,
  };
}
