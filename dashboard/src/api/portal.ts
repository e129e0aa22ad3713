// The portal: the same screens for who comes by a link of the operator's, `/portal#<token>`. It may stand inside
// another site's page, where a session's cookie is not sent: the link's token takes its place, with every request.

import { drop, keep, kept } from "../lib/kept";

const BASE = "/portal";
const TOKEN = "posthaste-portal-token";
const COLOR_SCHEME = "posthaste-portal-color-scheme";

let entered = false;

/**
 * Looks at the address: whether it is the portal's, and what its link brings. The token is taken out of it, so that
 * it is in no history, and on no screen that is shown to somebody. Whether there was one is the answer.
 */
export function enterPortal(): boolean {
  const { pathname, search, hash } = window.location;
  entered = pathname === BASE || pathname.startsWith(`${BASE}/`);
  if (!entered) return false;

  // `?theme=dark` may have been added behind the link instead of before its fragment.
  const [fragment = "", behind = ""] = hash.slice(1).split("?");
  const params = new URLSearchParams(search);
  const scheme = params.get("theme") ?? new URLSearchParams(behind).get("theme");
  const token = /^phl_[\w-]+$/.exec(fragment)?.[0];
  if (scheme === "light" || scheme === "dark") keep(COLOR_SCHEME, scheme);
  if (token !== undefined) keep(TOKEN, token);

  params.delete("theme");
  const rest = params.size === 0 ? "" : `?${params.toString()}`;
  const address = pathname + rest + (token === undefined ? hash : "");
  if (address !== pathname + search + hash) {
    window.history.replaceState(window.history.state, "", address);
  }
  return token !== undefined;
}

export const inPortal = () => entered;

/** What all addresses begin with. */
export const basePath = () => (entered ? BASE : "/");

/** Whether a link was opened; the API says whether it still leads anywhere. */
export const hasLink = () => kept(TOKEN) !== null;

export const dropLink = () => drop(TOKEN);

/** What a request says of who makes it. In the portal no cookie goes along: one could be an operator's. */
export function caller(): { headers: Record<string, string>; credentials: RequestCredentials } {
  const token = entered ? kept(TOKEN) : null;
  return {
    headers: token === null ? {} : { Authorization: `Bearer ${token}` },
    credentials: entered ? "omit" : "same-origin",
  };
}

/** Light or dark, as the link or somebody here has chosen. */
export const keptColorScheme = () => kept(COLOR_SCHEME);
export const keepColorScheme = (scheme: string) => keep(COLOR_SCHEME, scheme);

enterPortal();
