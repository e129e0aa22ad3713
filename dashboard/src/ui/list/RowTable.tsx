import { Table } from "@mantine/core";
import type { Column } from "./List";

interface Props<Row> {
  noun: string;
  rows: Row[];
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
}

/** The rows of a list, wide ones within a part of the page that scrolls by itself. */
export function RowTable<Row>({ noun, rows, columns, rowKey }: Props<Row>) {
  return (
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
  );
}
