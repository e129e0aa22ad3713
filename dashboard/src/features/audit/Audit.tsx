import { Code, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { auditPages, type AuditEntry, type AuditFilters } from "../../api/audit";
import { FilterBar } from "../../ui/FilterBar";
import { FilterField } from "../../ui/FilterField";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { useApi } from "../../routes/tenant";

const route = getRouteApi("/shell/audit");

const columns: Column<AuditEntry>[] = [
  { title: "When", cell: (row) => <When at={row.created_at} /> },
  { title: "Action", cell: (row) => row.action },
  { title: "By", cell: (row) => `${row.actor.type} ${row.actor.id ?? ""}` },
  { title: "On", cell: (row) => `${row.resource.type} ${row.resource.id}` },
  { title: "From", cell: (row) => row.source_ip ?? "–" },
  { title: "Changes", cell: (row) => <Changes changes={row.changes} /> },
];

/** Who changed what. */
export function Audit() {
  const { tenant: _tenant, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(auditPages(useApi(), filters));
  const change = (next: AuditFilters) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });
  return (
    <>
      <PageHead title="Audit log" />
      <FilterBar time={filters} onTime={change}>
        <FilterField
          label="Actor"
          placeholder="operator, or a key's id"
          value={filters.actor}
          onCommit={(actor) => change({ actor })}
        />
        <FilterField
          label="Resource id"
          placeholder="sub_…"
          value={filters.resource_id}
          onCommit={(resource_id) => change({ resource_id })}
        />
      </FilterBar>
      <List
        noun="entries"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={<Text>No entry fits. Widen the time or drop a filter.</Text>}
      />
    </>
  );
}

function Changes({ changes }: { changes: AuditEntry["changes"] }) {
  if (changes === null) return "–";
  return Object.entries(changes).map(([field, { from, to }]) => (
    <Text key={field} size="xs">
      {field}: <Code>{JSON.stringify(from)}</Code> to <Code>{JSON.stringify(to)}</Code>
    </Text>
  ));
}
