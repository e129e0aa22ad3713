import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { PAGE_SIZE, type Page } from "../../api/pages";
import { count } from "../figures";
import { ProblemAlert } from "../ProblemAlert";
import { RowTable } from "./RowTable";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ReactNode;
}

interface Props<Row> {
  /** What the rows are, in the plural: "deliveries". */
  noun: string;
  query: UseInfiniteQueryResult<{ pages: Page<Row>[] }>;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  /** What to do next when there is nothing. */
  empty: ReactNode;
}

/** A table that is loaded page by page, newest first. */
export function List<Row>({ noun, query, columns, rowKey, empty }: Props<Row>) {
  const pages = query.data?.pages ?? [];
  const rows = pages.flatMap((page) => page.data);
  // A page that is not full has more behind it only where the server stopped looking.
  const cutShort = query.hasNextPage && (pages.at(-1)?.data.length ?? 0) < PAGE_SIZE;
  return (
    <Stack gap="sm">
      {query.isError && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
      <Text size="sm" c="dimmed" aria-live="polite">
        {query.isPending ? `Loading ${noun}…` : told(rows.length, noun, query.hasNextPage, cutShort)}
      </Text>
      {query.isPending && <Loading />}
      {query.isSuccess && rows.length === 0 && !query.hasNextPage && (
        <Stack align="center" py="xl" gap="xs">
          {empty}
        </Stack>
      )}
      {rows.length > 0 && <RowTable noun={noun} rows={rows} columns={columns} rowKey={rowKey} />}
      <Group>
        {query.hasNextPage && (
          <Button
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {cutShort ? "Look further back" : "Show older"}
          </Button>
        )}
        <Button
          variant="subtle"
          loading={query.isRefetching && !query.isFetchingNextPage}
          onClick={() => void query.refetch()}
        >
          Refresh
        </Button>
      </Group>
    </Stack>
  );
}

/** Filters that no index serves look through so many rows for one page, and then ask whether to go on. */
function told(number: number, noun: string, more: boolean, cutShort: boolean): string {
  if (cutShort) {
    return number === 0
      ? `No ${noun} found yet: older ones were not looked through.`
      : `${count(number)} ${noun} found so far: older ones were not looked through.`;
  }
  if (number === 0) return `No ${noun}`;
  return more ? `The newest ${count(number)} ${noun}` : `All ${count(number)} ${noun}`;
}

function Loading() {
  return (
    <Stack gap="xs" aria-hidden>
      {Array.from({ length: 6 }, (_, index) => (
        <Skeleton key={index} height={34} />
      ))}
    </Stack>
  );
}
