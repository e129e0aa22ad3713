import { Button, Group, Skeleton, Stack, Table, Text } from "@mantine/core";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Page } from "../../api/pages";
import { ProblemAlert } from "../ProblemAlert";

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
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Stack gap="sm">
      {query.isError && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
      <Text size="sm" c="dimmed" aria-live="polite">
        {query.isPending ? `Loading ${noun}…` : told(rows.length, noun, query.hasNextPage)}
      </Text>
      {query.isPending && <Loading />}
      {query.isSuccess && rows.length === 0 && (
        <Stack align="center" py="xl" gap="xs">
          {empty}
        </Stack>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={columns.length * 110}>
          <Table highlightOnHover aria-label={noun} verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                {columns.map(({ title }) => (
                  <Table.Th key={title}>{title}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={rowKey(row)}>
                  {columns.map(({ title, cell }) => (
                    <Table.Td key={title}>{cell(row)}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Group>
        {query.hasNextPage && (
          <Button
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show older
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

function told(count: number, noun: string, more: boolean): string {
  if (count === 0) return `No ${noun}`;
  return more ? `The newest ${count} ${noun}` : `All ${count} ${noun}`;
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
