import { expect, test } from "vitest";
import type { Compared, Stats } from "../../api/stats";
import { aStats } from "../../test/rows";
import { figures } from "./told";

const totals = { ...aStats.totals, attempts: 1_200, succeeded: 900, failed: 300, deliveries: 1_000 };
const hour = (from: string, to: string, of: Partial<Stats["totals"]>): Stats => ({
  ...aStats,
  from: `2026-01-21T${from}:00.000Z`,
  to: `2026-01-21T${to}:00.000Z`,
  totals: { ...totals, ...of },
});
const told = (of: Compared, name: string) => figures(of).find((figure) => figure.name === name);
const asked = Date.parse("2026-01-21T13:00:00.000Z");

test("each figure is told with what it was before", () => {
  const of = { now: hour("12:00", "13:00", {}), before: hour("11:00", "12:00", { succeeded: 450 }), asked };
  expect(told(of, "Attempts that succeeded")).toMatchObject({ value: "75 %", note: "37.5 % before" });
  expect(told(of, "Delivered per second")).toMatchObject({ value: "0.25", note: "+100 % against before" });
  expect(told(of, "Attempts per delivery")).toMatchObject({ value: "1.2", note: "1.2 before" });
  expect(told(of, "Failed attempts")).toMatchObject({ value: "300", note: "of 1,200, as before" });
});

test("a time that is not over is compared by how many there were in a second", () => {
  const of = {
    now: hour("12:00", "13:00", { dead_letters: 5 }),
    before: hour("11:00", "12:00", { dead_letters: 10 }),
    asked: Date.parse("2026-01-21T12:30:00.000Z"),
  };
  expect(told(of, "Dead letters")).toMatchObject({ value: "5", note: "as before" });
});

test("of nothing nothing is reckoned", () => {
  const none = { attempts: 0, succeeded: 0, failed: 0, deliveries: 0, p50_ms: null };
  const of = { now: hour("12:00", "13:00", none), before: hour("11:00", "12:00", none), asked };
  expect(told(of, "Attempts that succeeded")).toMatchObject({ value: "–", note: "none before" });
  expect(told(of, "Attempts per delivery")?.value).toBe("–");
  expect(told(of, "Latency p50")).toMatchObject({ value: "–", note: "as before" });
});

test("the figures have their places before they come", () => {
  const of = { now: hour("12:00", "13:00", {}), before: hour("11:00", "12:00", {}), asked };
  expect(figures(undefined).map(({ name }) => name)).toEqual(figures(of).map(({ name }) => name));
});
