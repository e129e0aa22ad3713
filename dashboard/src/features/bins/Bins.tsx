import { Button, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { binPages, deleteBin, type Bin } from "../../api/bins";
import { apiOf } from "../../api/client";
import { useAllowed } from "../../routes/allowed";
import { useNamesTenant } from "../../routes/namesTenant";
import { tenantOf, useApi, useTenant } from "../../routes/tenant";
import { CopyText } from "../../ui/CopyText";
import { TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { DeleteBin } from "./DeleteBin";
import { answerOf } from "./answer";
import { NewBin } from "./NewBin";

const columns: Column<Bin>[] = [
  {
    title: "Name",
    cell: (row) => (
      <TextLink to="/bins/$id" params={{ id: row.id }} search={tenantOf(row)} size="sm">
        {row.name}
      </TextLink>
    ),
  },
  { title: "Url", cell: (row) => <CopyText label="Copy url" text={row.url} /> },
  { title: "Answers", cell: answerOf },
  { title: "Secret of its own", cell: (row) => (row.has_secret ? "yes" : "no") },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
];
const acts: Column<Bin> = { title: "Acts", cell: (row) => <Acts row={row} /> };

/** Receivers of our own, to look at what is sent. */
export function Bins() {
  const query = useInfiniteQuery(binPages(useApi()));
  const named = useNamesTenant();
  const mayWrite = useAllowed("events:write");
  const [creating, { open, close }] = useDisclosure();
  return (
    <>
      <PageHead title="Bins">{mayWrite && named && <Button onClick={open}>New bin</Button>}</PageHead>
      {!named && (
        <Text size="sm" c="dimmed">
          Choose a tenant to create a bin.
        </Text>
      )}
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
      <Modal opened={creating} onClose={close} closeOnClickOutside={false} title="New bin">
        <NewBin onClose={close} />
      </Modal>
    </>
  );
}

function Acts({ row }: { row: Bin }) {
  const tenant = useTenant();
  return <DeleteBin run={() => deleteBin(apiOf(row.tenant_id ?? tenant), row.id)} />;
}
