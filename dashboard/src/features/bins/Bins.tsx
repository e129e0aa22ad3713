import { Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { binPages, createBin, deleteBin, reloadBins, type Bin } from "../../api/bins";
import { apiOf } from "../../api/client";
import { ActionButton } from "../../ui/ActionButton";
import { CopyText } from "../../ui/CopyText";
import { CreateByName } from "../../ui/CreateByName";
import { TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { useAllowed } from "../../routes/allowed";
import { useNamesTenant } from "../../routes/namesTenant";
import { tenantOf, useApi, useTenant } from "../../routes/tenant";
import { BinRequests } from "./BinRequests";

const route = getRouteApi("/shell/bins");

const columns: Column<Bin>[] = [
  {
    title: "Name",
    cell: (row) => (
      <TextLink to="/bins" search={{ ...tenantOf(row), bin: row.id }} size="sm">
        {row.name}
      </TextLink>
    ),
  },
  { title: "Url", cell: (row) => <CopyText label="Copy url" text={row.url} /> },
  { title: "Answers", cell: (row) => `${row.response.status} after ${row.response.delay_ms} ms` },
  { title: "Checks signatures", cell: (row) => (row.has_secret ? "yes" : "no") },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
];
const acts: Column<Bin> = { title: "Acts", cell: (row) => <Acts row={row} /> };

/** Receivers of our own, to look at what is sent. */
export function Bins() {
  const { bin } = route.useSearch();
  const api = useApi();
  const named = useNamesTenant();
  const mayWrite = useAllowed("events:write");
  const query = useInfiniteQuery(binPages(api));
  return (
    <>
      <PageHead title="Bins" />
      {mayWrite && named && (
        <CreateByName
          label="Name of a new bin"
          submitLabel="Create bin"
          create={(name) => createBin(api, name)}
        />
      )}
      {!named && (
        <Text size="sm" c="dimmed">
          Choose a tenant to create a bin.
        </Text>
      )}
      {bin !== undefined && <BinRequests key={bin} id={bin} />}
      <List
        noun="bins"
        query={query}
        columns={mayWrite ? [...columns, acts] : columns}
        rowKey={(row) => row.id}
        empty={
          <Text>
            There is no bin.
            {mayWrite && " Create one and give its url to a subscription to see what is sent."}
          </Text>
        }
      />
    </>
  );
}

function Acts({ row }: { row: Bin }) {
  const shown = useApi();
  const tenant = useTenant();
  return (
    <Group gap={4} wrap="nowrap">
      <ActionButton
        label="Delete"
        color="red"
        confirm="The bin is deleted, with the requests it has recorded."
        run={() => deleteBin(apiOf(row.tenant_id ?? tenant), row.id)}
        done="The bin is deleted."
        onDone={() => reloadBins(shown)}
      />
    </Group>
  );
}
