import type { MantineColorScheme, MantineColorSchemeManager } from "@mantine/core";
import { keepColorScheme, keptColorScheme } from "../../api/portal";

const known = new Set<string | null>(["light", "dark", "auto"]);

/** In the portal the choice is the tab's: an operator's of the same browser is another. */
export const portalColorScheme: MantineColorSchemeManager = {
  get: (standard) => {
    const scheme = keptColorScheme();
    return known.has(scheme) ? (scheme as MantineColorScheme) : standard;
  },
  set: keepColorScheme,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => undefined,
};
