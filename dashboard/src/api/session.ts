import { queryOptions } from "@tanstack/react-query";
import { cache } from "./cache";
import { caller, dropLink, enterPortal, hasLink, inPortal } from "./portal";
import { problemOf } from "./problem";
import type { components } from "./schema";

export type Session = components["schemas"]["Session"];
export type PortalLook = components["schemas"]["PortalLook"];
export type Scope = Session["scopes"][number];

// Not by the API client: that one takes a 401 for the end of the session, and needs the session to be made.
const path = "/api/v1/webhooks/session";
const key = ["session"];

/** Who is signed in; `null` when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: key,
  queryFn: async (): Promise<Session | null> => {
    if (inPortal() && !hasLink()) return null;
    const response = await fetch(path, caller());
    return response.status === 401 ? null : read(response);
  },
  staleTime: Infinity,
});

export function allows({ actor, scopes }: Session, scope: Scope): boolean {
  return actor === "operator" || scopes.includes("*") || scopes.includes(scope);
}

export async function signIn(secret: string): Promise<void> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key: secret }),
  });
  const session = await read(response);
  // Nothing that somebody else was shown may stay.
  cache.clear();
  cache.setQueryData(key, session);
}

export async function signOut(): Promise<void> {
  if (inPortal()) {
    leave();
    return;
  }
  const response = await fetch(path, { method: "DELETE", headers: csrfHeader() });
  if (!response.ok && response.status !== 401) throw problemOf(response, await body(response));
  forget();
}

/** The link itself goes on until it ends: there is nothing to tell the server. */
function leave(): void {
  dropLink();
  forget();
  cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] });
}

/**
 * A link that is opened where one was open already changes nothing but the fragment, and no page is loaded: nothing
 * that came by the former one may stay.
 */
export function followLinks(onChange: () => void): () => void {
  const follow = () => {
    if (!enterPortal()) return;
    onChange();
    cache.getMutationCache().clear();
    for (const query of cache.getQueryCache().getAll()) query.reset();
    void cache.refetchQueries({ queryKey: key });
  };
  window.addEventListener("hashchange", follow);
  return () => window.removeEventListener("hashchange", follow);
}

/** The session is over: the shell goes back to sign-in. */
export function forget(): void {
  cache.setQueryData(key, null);
}

/** What an unsafe request has to carry beside the cookie. */
export function csrfHeader(): Record<string, string> {
  const session = cache.getQueryData<Session | null>(key);
  return session?.csrf_token ? { "Posthaste-CSRF": session.csrf_token } : {};
}

async function read(response: Response): Promise<Session> {
  const answer = await body(response);
  if (!response.ok) throw problemOf(response, answer);
  return answer as Session;
}

async function body(response: Response): Promise<unknown> {
  return response.json().catch(() => null);
}
