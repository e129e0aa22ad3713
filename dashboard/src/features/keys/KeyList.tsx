import { Badge, Button, Group, Modal, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { keyPages, revokeKey, type Key } from "../../api/keys";
import { ActionButton } from "../../ui/ActionButton";
import { List, type Column } from "../../ui/list/List";
import { When } from "../../ui/When";
import { NewKey } from "./NewKey";

interface Props {
  tenant: string;
  /** Of the heading, where the list is a part of a page. */
  order?: 2;
}

/** The API keys of a tenant. */
export function KeyList({ tenant, order }: Props) {
  const query = useInfiniteQuery(keyPages(tenant));
  const [opened, { open, close }] = useDisclosure();
  const columns: Column<Key>[] = [
    { title: "Name", cell: (row) => row.name },
    { title: "Begins with", cell: (row) => row.prefix },
    { title: "Scopes", cell: (row) => (row.scopes.includes("*") ? "all" : row.scopes.join(", ")) },
    { title: "Addresses", cell: (row) => row.source_cidrs?.join(", ") ?? "any" },
    {
      title: "Last used",
      cell: (row) => (row.last_used_at === null ? "never" : <When at={row.last_used_at} />),
    },
    { title: "Expires", cell: (row) => <Expiry at={row.expires_at} now={query.dataUpdatedAt} /> },
    {
      title: "Acts",
      cell: (row) => (
        <ActionButton
          label="Revoke"
          color="red"
          confirm={`Requests with the key ${row.name} are refused from then on.`}
          run={() => revokeKey(tenant, row.id)}
          done="The key is revoked."
        />
      ),
    },
  ];
  return (
    <>
      <Group justify="space-between" mb="xs">
        {order === undefined ? <span /> : <Title order={order}>Keys</Title>}
        <Button size={order === undefined ? "sm" : "xs"} variant={order && "default"} onClick={open}>
          New key
        </Button>
      </Group>
      <List
        noun="keys"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={
          <Text size="sm">This tenant has no key. Create one for its programs to post events with.</Text>
        }
      />
      <Modal opened={opened} onClose={close} closeOnClickOutside={false} title="New key" size="lg">
        <NewKey tenant={tenant} onClose={close} />
      </Modal>
    </>
  );
}

/** Told as of when the list came. */
function Expiry({ at, now }: { at: string | null; now: number }) {
  if (at === null) return "never";
  const isOver = Date.parse(at) <= now;
  return (
    <Group gap={4} wrap="nowrap">
      <When at={at} />
      {isOver && <Badge color="red">expired</Badge>}
    </Group>
  );
}
