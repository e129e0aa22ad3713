import { Button, Skeleton, Stack, Text } from "@mantine/core";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode, RefObject } from "react";
import type { Page } from "../../api/pages";
import type { LiveState } from "../../api/useLive";
import { MOST_ROWS } from "../../lib/liveRows";
import { count } from "../figures";
import type { Column } from "../list/List";
import { RowTable } from "../list/RowTable";
import { ProblemAlert } from "../ProblemAlert";

interface Props<Row> {
  /** What the rows are, in the plural: "deliveries". */
  noun: string;
  state: LiveState;
  query: UseInfiniteQueryResult<{ pages: Page<Row>[] }>;
  live: { top: RefObject<HTMLDivElement | null>; rows: Row[]; waiting: number; showWaiting: () => void };
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  empty: ReactNode;
}

/** A list on top of which rows come by themselves. */
export function LiveList<Row>({ noun, state, query, live, columns, rowKey, empty }: Props<Row>) {
  const { top, rows, waiting, showWaiting } = live;
  return (
    <Stack gap="sm">
      {state.name === "refused" && <ProblemAlert error={state.error} />}
      {query.isError && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
      <Text size="sm" c="dimmed" aria-live="polite">
        {stateText(state, noun)}
      </Text>
      {waiting > 0 && (
        <Button
          size="xs"
          pos="sticky"
          top={64}
          style={{ zIndex: 10, alignSelf: "center" }}
          onClick={showWaiting}
        >
          Show {count(waiting)} new
        </Button>
      )}
      {query.isPending && <Skeleton height={200} aria-hidden />}
      {/* Below the header, and the button, when it is scrolled to. */}
      <div ref={top} style={{ scrollMarginTop: 110 }}>
        {rows.length > 0 && <RowTable noun={noun} rows={rows} columns={columns} rowKey={rowKey} />}
      </div>
      {query.isSuccess && rows.length === 0 && (
        <Stack align="center" py="xl" gap="xs">
          {empty}
        </Stack>
      )}
      <Text size="sm" c="dimmed">
        {rows.length >= MOST_ROWS && `The newest ${MOST_ROWS} are kept. `}
        Turn Live off to look further back.
      </Text>
    </Stack>
  );
}

function stateText({ name }: LiveState, noun: string): string {
  switch (name) {
    case "open":
      return `Live: ${noun} come on top as they are made, and change where they are.`;
    case "reconnecting":
      return "The connection broke: reconnecting…";
    case "paused":
      return "Paused while this tab is in the background.";
    case "connecting":
      return "Connecting…";
    case "refused":
    case "off":
      return "";
  }
}
