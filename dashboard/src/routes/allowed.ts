import { useQuery } from "@tanstack/react-query";
import { allows, sessionQuery, type Scope } from "../api/session";

/**
 * Whether who is signed in has the scope: the operator and `*` have all of them, and writing does not include
 * reading. The API decides; this is for not offering what it would refuse.
 */
export function useAllowed(scope: Scope): boolean {
  const { data: session } = useQuery(sessionQuery);
  return session ? allows(session, scope) : false;
}
