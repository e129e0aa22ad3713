import { createMemoryHistory } from "@tanstack/react-router";
import { cleanup, render } from "@testing-library/react";
import { App } from "../App";
import { cache } from "../api/cache";
import { makeRouter } from "../routes/index";

/** The whole dashboard, opened at an address. */
export function open(address: string) {
  cleanup();
  cache.clear();
  const router = makeRouter(createMemoryHistory({ initialEntries: [address] }));
  render(<App router={router} />);
  return router;
}
