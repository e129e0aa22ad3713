import { Card, Table } from "@mantine/core";
import { useState } from "react";
import type { Stats } from "../../api/stats";
import { count, ms } from "../../ui/figures";
import { bucketText } from "./bucketText";

/** What the charts show, to be read: by who cannot see them, or wants it exactly. */
export function TimeTable({ stats }: { stats: Stats | undefined }) {
  const [open, setOpen] = useState(false);
  return (
    <Card withBorder>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>The charts as a table</summary>
        {open && stats && (
          <Table.ScrollContainer minWidth={560} mah={360} mt="xs">
            <Table aria-label="Attempts over time" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  {["From", "Attempts", "Succeeded", "Failed", "p50", "p95", "p99"].map((name) => (
                    <Table.Th key={name}>{name}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {stats.buckets.map(({ start, attempts, succeeded, failed, p50_ms, p95_ms, p99_ms }) => (
                  <Table.Tr key={start}>
                    <Table.Th scope="row">{bucketText(start, stats.bucket_s)}</Table.Th>
                    <Table.Td>{count(attempts)}</Table.Td>
                    <Table.Td>{count(succeeded)}</Table.Td>
                    <Table.Td>{count(failed)}</Table.Td>
                    <Table.Td>{ms(p50_ms)}</Table.Td>
                    <Table.Td>{ms(p95_ms)}</Table.Td>
                    <Table.Td>{ms(p99_ms)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </details>
    </Card>
  );
}
