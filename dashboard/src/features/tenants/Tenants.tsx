import { Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { createTenant, tenantPages, type Tenant } from "../../api/tenants";
import { CreateByName } from "../../ui/CreateByName";
import { TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { ShortId } from "../../ui/ShortId";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { StatusButton } from "./StatusButton";

const columns: Column<Tenant>[] = [
  {
    title: "Name",
    cell: (row) => (
      <TextLink to="/tenants/$id" params={{ id: row.id }} size="sm">
        {row.name}
      </TextLink>
    ),
  },
  { title: "Id", cell: (row) => <ShortId id={row.id} /> },
  { title: "External id", cell: (row) => row.external_id ?? "–" },
  { title: "Status", cell: (row) => <StatusBadge status={row.status} /> },
  { title: "Sandbox", cell: (row) => (row.sandbox ? "yes" : "no") },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
  {
    title: "Acts",
    cell: (row) => (
      <Group gap="xs" wrap="nowrap">
        <TextLink to="/" search={{ tenant: row.id }} size="sm">
          Its webhooks
        </TextLink>
        <StatusButton tenant={row} />
      </Group>
    ),
  },
];

export function Tenants() {
  const query = useInfiniteQuery(tenantPages());
  return (
    <>
      <PageHead title="Tenants" />
      <CreateByName label="Name of a new tenant" submitLabel="Create tenant" create={createTenant} />
      <List
        noun="tenants"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={<Text>There is no tenant. Create one: only a name is needed.</Text>}
      />
    </>
  );
}
