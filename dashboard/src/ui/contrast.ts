// Text has to be readable on what is behind it: a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3).

import { darken, getPrimaryShade, lighten, luminance, type CSSVariablesResolver } from "@mantine/core";

const ENOUGH = 4.5;

/** The luminance on which black and white can be read equally well: sqrt(1.05 * 0.05) - 0.05. */
export const EQUAL_LUMINANCE = 0.179;

export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** The colour, moved away from the background until text in it can be read there. */
export function readable(color: string, background: string): string {
  const move = luminance(background) > EQUAL_LUMINANCE ? darken : lighten;
  const steps = Array.from({ length: 21 }, (_, step) => move(color, step / 20));
  return steps.find((text) => contrast(text, background) >= ENOUGH) ?? move(color, 1);
}

/**
 * The components' colours of text are shades that cannot be read everywhere: yellow on white, grey on grey. These
 * go before them. Each is reckoned for the background that is worst for it, which is that of a row or an option
 * under the pointer.
 */
export const readableVariables: CSSVariablesResolver = (theme) => {
  const light: Record<string, string> = {};
  const dark: Record<string, string> = {};
  const { gray, red, dark: black } = theme.colors;
  const filled = getPrimaryShade(theme, "light");
  for (const [name, shades] of Object.entries(theme.colors)) {
    if (name === "dark") continue;
    const onWhite = readable(shades[filled], gray[1]);
    const onBlack = readable(shades[4], black[5]);
    light[`--mantine-color-${name}-text`] = light[`--mantine-color-${name}-outline`] = onWhite;
    dark[`--mantine-color-${name}-text`] = dark[`--mantine-color-${name}-outline`] = onBlack;
    light[`--mantine-color-${name}-light-color`] = readable(shades[9], shades[2]);
  }
  const anchor = `var(--mantine-color-${theme.primaryColor}-text)`;
  return {
    variables: { "--mantine-color-anchor": anchor },
    light: {
      ...light,
      "--mantine-color-anchor": anchor,
      "--mantine-color-dimmed": readable(gray[6], gray[1]),
      "--mantine-color-placeholder": readable(gray[5], theme.white),
      "--mantine-color-error": readable(red[6], theme.white),
    },
    dark: {
      ...dark,
      "--mantine-color-anchor": anchor,
      "--mantine-color-dimmed": readable(black[2], black[5]),
      "--mantine-color-placeholder": readable(black[3], black[6]),
      "--mantine-color-error": readable(red[8], black[6]),
    },
  };
};
