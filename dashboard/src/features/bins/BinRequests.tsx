import { Card, Stack, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { binRequestPages, type BinRequest } from "../../api/bins";
import { CodeBlock } from "../../ui/CodeBlock";
import { List, type Column } from "../../ui/list/List";
import { When } from "../../ui/When";
import { useApi } from "../../routes/tenant";

const columns: Column<BinRequest>[] = [
  { title: "Received", cell: (row) => <When at={row.received_at} /> },
  { title: "Request", cell: (row) => `${row.method} ${row.url}` },
  { title: "Signatures", cell: (row) => signatures(row) },
  {
    title: "Headers and body",
    cell: (row) => (
      <Stack gap={4} maw={560}>
        <CodeBlock label="Headers" text={row.headers.map((header) => header.join(": ")).join("\n")} />
        {row.body !== "" && <CodeBlock label="Body" text={row.body} />}
      </Stack>
    ),
  },
];

/** What one bin has recorded. */
export function BinRequests({ id }: { id: string }) {
  const query = useInfiniteQuery(binRequestPages(useApi(), id));
  return (
    <Card withBorder mb="lg">
      <Title order={2} mb="xs">
        Requests of {id}
      </Title>
      <List
        noun="requests"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty="Nothing was sent to this bin yet."
      />
    </Card>
  );
}

function signatures({ verification }: BinRequest): string {
  const told = verification.map(
    ({ scheme, valid, reason }) => `${scheme}: ${valid ? "valid" : (reason ?? "invalid")}`,
  );
  return told.join(", ") || "none";
}
