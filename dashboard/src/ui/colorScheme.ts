// Puts the colour scheme on the page before anything is drawn. It is imported first, as a module: the content
// security policy allows no script inside the page, which is what Mantine's own `ColorSchemeScript` would be.

import { localStorageColorSchemeManager } from "@mantine/core";
import { inPortal } from "../api/portal";
import { portalColorScheme } from "../features/portal/colorScheme";

export const colorSchemeManager = inPortal()
  ? portalColorScheme
  : localStorageColorSchemeManager({ key: "posthaste-color-scheme" });

const chosen = colorSchemeManager.get("auto");
const dark =
  chosen === "auto" ? window.matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
