import { DEFAULT_THEME, mergeMantineTheme } from "@mantine/core";
import { describe, expect, test } from "vitest";
import { contrast, EQUAL_LUMINANCE, readable, readableVariables } from "./contrast";
import { theme, themeIn } from "./theme";

test("contrast is that of WCAG", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 1);
});

test("what can be read stays as it is, and other text moves away from its background", () => {
  expect(contrast(readable("#003366", "#ffffff"), "#003366")).toBeCloseTo(1);
  expect(contrast(readable("#ffd400", "#ffffff"), "#ffffff")).toBeGreaterThanOrEqual(4.5);
  expect(contrast(readable("#222244", "#242424"), "#242424")).toBeGreaterThanOrEqual(4.5);
});

describe.each([undefined, "#ffd400", "#ffffff", "#000000", "#0d47a1", "#e91e63", "#7a7a7a"])(
  "with the primary colour %s",
  (color) => {
    const merged = mergeMantineTheme(DEFAULT_THEME, themeIn(color));
    const { light, dark } = readableVariables(merged);
    const names = Object.keys(merged.colors).filter((name) => name !== "dark");

    test("text in any colour can be read on what is behind it", () => {
      for (const name of names) {
        const shades = merged.colors[name] ?? [];
        const on = (text: string | undefined, background: string | undefined) =>
          contrast(text ?? "", background ?? "");
        expect(on(light[`--mantine-color-${name}-text`], "#ffffff")).toBeGreaterThanOrEqual(4.5);
        expect(on(light[`--mantine-color-${name}-light-color`], shades[1])).toBeGreaterThanOrEqual(4.5);
        expect(on(dark[`--mantine-color-${name}-text`], "#242424")).toBeGreaterThanOrEqual(4.5);
      }
    });

    test("text on a filled surface can be read, under the pointer too", () => {
      const shades = merged.colors[merged.primaryColor] ?? [];
      const [filled = "", hovered = ""] = shades.slice(7, 9);
      const text = contrast(filled, "#000000") > contrast(filled, "#ffffff") ? "#000000" : "#ffffff";
      expect(contrast(filled, text)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(hovered, text)).toBeGreaterThanOrEqual(4.5);
      expect(merged.luminanceThreshold).toBe(EQUAL_LUMINANCE);
    });
  },
);

test("the primary colour is the one that was given, and none other than a colour", () => {
  expect(themeIn("#ffd400").colors?.brand?.[7]).toBe("#ffd400");
  expect(themeIn(null)).toBe(theme);
  expect(themeIn("red; }")).toBe(theme);
});
