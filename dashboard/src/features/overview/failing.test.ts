import { expect, test } from "vitest";
import { aDelivery } from "../../test/rows";
import { withTold, type Failing } from "./failing";

const failing = (id: string, at: number): Failing => ({ delivery: { ...aDelivery, id }, at });
const ids = (rows: Failing[]) => rows.map(({ delivery }) => delivery.id);

test("what fails comes on top, and what was there already moves there", () => {
  const before = [failing("dlv_2", 20), failing("dlv_1", 10)];
  const told = [
    { ...aDelivery, id: "dlv_1", status: "retrying" as const, attempt_count: 2 },
    { ...aDelivery, id: "dlv_3" },
  ];
  const rows = withTold(before, told, 30);
  expect(ids(rows)).toEqual(["dlv_3", "dlv_1", "dlv_2"]);
  expect(rows[1]?.delivery.attempt_count).toBe(2);
});

test("what has succeeded, or was cancelled, leaves, and what has not failed yet does not come", () => {
  const before = [failing("dlv_2", 20), failing("dlv_1", 10)];
  const told = [
    { ...aDelivery, id: "dlv_1", status: "succeeded" as const },
    { ...aDelivery, id: "dlv_2", status: "cancelled" as const },
    { ...aDelivery, id: "dlv_3", status: "pending" as const },
  ];
  expect(withTold(before, told, 30)).toEqual([]);
});

test("the oldest make room", () => {
  const told = Array.from({ length: 60 }, (_, number) => ({ ...aDelivery, id: `dlv_9${number}` }));
  const rows = withTold([failing("dlv_1", 10)], told, 30);
  expect(rows).toHaveLength(20);
  expect(ids(rows)).not.toContain("dlv_1");
});
