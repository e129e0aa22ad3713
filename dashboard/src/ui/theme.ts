import { createTheme, darken, lighten, luminance } from "@mantine/core";
import type { MantineColorsTuple, MantineThemeOverride } from "@mantine/core";
import { EQUAL_LUMINANCE } from "./contrast";

/** Of the ten shades of a colour, the one that surfaces are filled with, in light and dark alike. */
const FILLED = 7;

// Fonts are those of the reader's system: no other host is asked for any.
export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: FILLED,
  defaultRadius: "md",
  autoContrast: true,
  luminanceThreshold: EQUAL_LUMINANCE,
  components: {
    // Their close buttons are crosses: each has to be told what it is.
    Modal: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Dismiss" } } },
  },
  headings: { sizes: { h1: { fontSize: "1.6rem" }, h2: { fontSize: "1.2rem" }, h3: { fontSize: "1rem" } } },
});

/** The same with a primary colour of somebody's own, `#rrggbb`. */
export function themeIn(color: string | null | undefined): MantineThemeOverride {
  if (typeof color !== "string" || !/^#[0-9a-f]{6}$/i.test(color)) return theme;
  return { ...theme, primaryColor: "brand", colors: { brand: shadesOf(color) } };
}

/** Ten shades around the colour, which is the one that surfaces are filled with. */
function shadesOf(color: string): MantineColorsTuple {
  const lighter = (share: number) => lighten(color, share);
  // Under the pointer a surface moves away from the colour of its text.
  const hovered = luminance(color) > EQUAL_LUMINANCE ? lighter(0.12) : darken(color, 0.12);
  return [
    lighter(0.95),
    lighter(0.88),
    lighter(0.76),
    lighter(0.62),
    lighter(0.48),
    lighter(0.32),
    lighter(0.16),
    color,
    hovered,
    darken(color, 0.3),
  ];
}
