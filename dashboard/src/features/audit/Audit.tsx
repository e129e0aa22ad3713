import { Code, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { auditPages, type AuditEntry, type AuditFilters } from "../../api/audit";
import { useApi } from "../../routes/tenant";
import { TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { Download } from "./Download";
import { Entry } from "./Entry";
import { Filters } from "./Filters";

const route = getRouteApi("/shell/audit");

const columns: Column<AuditEntry>[] = [
  { title: "When", cell: (row) => <When at={row.created_at} /> },
  {
    title: "Action",
    cell: (row) => (
      <TextLink
        from="/audit"
        to="/audit"
        search={(now) => ({ ...now, entry: row.id })}
        resetScroll={false}
        size="sm"
      >
        {row.action}
      </TextLink>
    ),
  },
  { title: "By", cell: (row) => `${row.actor.type} ${row.actor.id ?? ""}` },
  { title: "On", cell: (row) => `${row.resource.type} ${row.resource.id}` },
  { title: "From", cell: (row) => row.source_ip ?? "–" },
  { title: "Changes", cell: (row) => <Changes changes={row.changes} /> },
];

/** Who changed what. */
export function Audit() {
  const { tenant: _tenant, entry, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(auditPages(useApi(), filters));
  const shown = query.data?.pages.flatMap((page) => page.data) ?? [];
  const change = (next: AuditFilters & { entry?: undefined }) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true, resetScroll: false });
  return (
    <>
      <PageHead title="Audit log">
        <Download filters={filters} shown={shown} />
      </PageHead>
      <Filters filters={filters} onChange={change} />
      <List
        noun="entries"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={<Text>No entry fits. Widen the time or drop a filter.</Text>}
      />
      <Entry entry={shown.find(({ id }) => id === entry)} onClose={() => change({ entry: undefined })} />
    </>
  );
}

const MOST_CHARACTERS = 40;

/** Short values are told, of the others the names: the entry has them in full. */
function Changes({ changes }: { changes: AuditEntry["changes"] }) {
  if (changes === null) return "–";
  return Object.entries(changes).map(([field, { from, to }]) => {
    const values = [from, to].map((value) => JSON.stringify(value));
    const isShort = values.every((value) => value.length <= MOST_CHARACTERS);
    return (
      <Text key={field} size="xs">
        {field}
        {isShort && (
          <>
            : <Code>{values[0]}</Code> to <Code>{values[1]}</Code>
          </>
        )}
      </Text>
    );
  });
}
