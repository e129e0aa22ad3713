import { expect, test } from "vitest";
import { byTime, merged, MOST_ROWS, noRows, release, tell, type RowKind } from "./liveRows";

interface Row {
  id: string;
  created_at: string;
  version: number;
}

const kind: RowKind<Row> = {
  key: ({ id }) => id,
  isNewer: (told, known) => told.version >= known.version,
  order: byTime,
};
const row = (at: number, version = 0): Row => ({
  id: `row_${String(at).padStart(4, "0")}`,
  created_at: new Date(at).toISOString(),
  version,
});
const nothing = () => false;
const ids = (rows: Row[]) => rows.map(({ id, version }) => `${id} v${version}`);

test("new rows come on top of the listed ones, and changed ones stay where they are", () => {
  const listed = [row(3), row(2), row(1)];
  const { told } = tell(kind, noRows<Row>(), [row(2, 1), row(4)], nothing, false);
  expect(ids(merged(kind, listed, told))).toEqual([
    "row_0004 v0",
    "row_0003 v0",
    "row_0002 v1",
    "row_0001 v0",
  ]);
});

test("what is told late changes nothing that is newer", () => {
  const first = tell(kind, noRows<Row>(), [row(1, 2)], nothing, false);
  const { told } = tell(kind, first, [row(1, 1)], nothing, false);
  expect(ids(merged(kind, [], told))).toEqual(["row_0001 v2"]);
  expect(ids(merged(kind, [row(1, 3)], told))).toEqual(["row_0001 v3"]);
});

test("while they are held, new rows wait and changed ones do not", () => {
  const isShown = (key: string) => key === "row_0001";
  const held = tell(kind, noRows<Row>(), [row(1, 1), row(2)], isShown, true);
  expect([...held.told.keys()]).toEqual(["row_0001"]);
  expect([...held.waiting.keys()]).toEqual(["row_0002"]);
  const again = tell(kind, held, [row(2, 1)], isShown, true);
  const shown = release(kind, again);
  expect(shown.waiting.size).toBe(0);
  expect(ids(merged(kind, [row(1)], shown.told))).toEqual(["row_0002 v1", "row_0001 v1"]);
});

test("the newest are kept, and no more than so many", () => {
  const many = Array.from({ length: MOST_ROWS + 50 }, (_, at) => row(at));
  const { told } = tell(kind, noRows<Row>(), many, nothing, false);
  expect(told.size).toBe(MOST_ROWS);
  const shown = merged(kind, [row(5000)], told);
  expect(shown).toHaveLength(MOST_ROWS);
  expect(shown[0]?.id).toBe("row_5000");
  expect(shown.at(-1)?.id).toBe("row_0051");
});
