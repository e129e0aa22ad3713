import { createMemoryHistory } from "@tanstack/react-router";
import { cleanup, render } from "@testing-library/react";
import { App } from "../App";
import { cache } from "../api/cache";
import { enterPortal } from "../api/portal";
import { makeRouter } from "../routes/index";

/** The whole dashboard, opened at an address. */
export function open(address: string) {
  cleanup();
  cache.clear();
  const router = makeRouter(createMemoryHistory({ initialEntries: [address] }));
  render(<App router={router} />);
  return router;
}

/** The portal, opened at an address of the browser's: that is where its link's token is. */
export function openPortal(address: string) {
  cleanup();
  cache.clear();
  window.history.replaceState(null, "", address);
  enterPortal();
  const router = makeRouter();
  render(<App router={router} />);
  return router;
}
