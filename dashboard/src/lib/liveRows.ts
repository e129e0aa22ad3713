// Rows that come while one is looking, on top of those of a list.

/** What a list of one kind of rows needs to know of them. */
export interface RowKind<Row> {
  key: (row: Row) => string;
  /** Whether what was told is what one has, or newer. */
  isNewer: (told: Row, known: Row) => boolean;
  /** Negative: the first comes before the second. */
  order: (one: Row, other: Row) => number;
}

export interface LiveRows<Row> {
  /** Shown, by their keys. */
  told: ReadonlyMap<string, Row>;
  /** New ones that are held back, since they would move what is being read. */
  waiting: ReadonlyMap<string, Row>;
}

/** So many rows are kept. */
export const MOST_ROWS = 200;

export const noRows = <Row>(): LiveRows<Row> => ({ told: new Map(), waiting: new Map() });

/** Takes in rows that were told: changed ones change where they are; new ones wait while `hold`. */
export function tell<Row>(
  kind: RowKind<Row>,
  before: LiveRows<Row>,
  rows: Row[],
  isShown: (key: string) => boolean,
  hold: boolean,
): LiveRows<Row> {
  const told = new Map(before.told);
  const waiting = new Map(before.waiting);
  for (const row of rows) {
    const key = kind.key(row);
    const into = hold && !told.has(key) && !isShown(key) ? waiting : told;
    const known = into.get(key);
    if (known === undefined || kind.isNewer(row, known)) into.set(key, row);
    if (into === told) waiting.delete(key);
  }
  return { told: newest(kind, told), waiting: newest(kind, waiting) };
}

/** Shows what waits. */
export function release<Row>(kind: RowKind<Row>, { told, waiting }: LiveRows<Row>): LiveRows<Row> {
  return { told: newest(kind, new Map([...told, ...waiting])), waiting: new Map() };
}

/** A list's rows with what was told since, in the list's order. */
export function merged<Row>(kind: RowKind<Row>, listed: Row[], told: ReadonlyMap<string, Row>): Row[] {
  const all = new Map(listed.map((row) => [kind.key(row), row]));
  for (const [key, row] of told) {
    const known = all.get(key);
    if (known === undefined || kind.isNewer(row, known)) all.set(key, row);
  }
  return [...all.values()].sort(kind.order).slice(0, MOST_ROWS);
}

function newest<Row>(kind: RowKind<Row>, rows: Map<string, Row>): Map<string, Row> {
  if (rows.size <= MOST_ROWS) return rows;
  const kept = [...rows].sort(([, one], [, other]) => kind.order(one, other)).slice(0, MOST_ROWS);
  return new Map(kept);
}

/** Newest first, as lists go: by the time, then by the id. */
export function byTime<Row extends { created_at: string; id: string }>(one: Row, other: Row): number {
  return compare(other.created_at, one.created_at) || compare(other.id, one.id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
