import { expect, test } from "vitest";
import { deadLetterSearch } from "../features/dead-letters/search";
import { deliverySearch } from "../features/deliveries/search";
import { someOf, text } from "./params";

test("unknown values are dropped and known ones told once", () => {
  expect(someOf(["failed", "lost", "failed"], ["pending", "failed"] as const)).toEqual(["failed"]);
  expect(someOf("failed", ["pending", "failed"] as const)).toEqual(["failed"]);
  expect(someOf("lost", ["pending", "failed"] as const)).toBeUndefined();
});

test("text loses its outer spaces, and empty text is none", () => {
  expect(text("  evt_1 ")).toBe("evt_1");
  expect(text("  ")).toBeUndefined();
  expect(text(["a"])).toBeUndefined();
});

test("the address of a list of deliveries is read in full", () => {
  const raw = { status: ["failed", "x"], subscription_id: "sub_1", event_id: " ", range: "7d" };
  expect(deliverySearch(raw)).toEqual({
    status: ["failed"],
    subscription_id: "sub_1",
    event_type: undefined,
    event_id: undefined,
    range: "7d",
  });
});

test("dead letters have no status to choose", () => {
  expect(deadLetterSearch({ status: "succeeded", resolved: "true" })).toMatchObject({
    status: undefined,
    resolved: "true",
  });
});
