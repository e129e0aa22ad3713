import { Button, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { keyPages, revokeKey, type Key } from "../../api/keys";
import { ActionButton } from "../../ui/ActionButton";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { useTenant } from "../../routes/tenant";
import { NewKey } from "./NewKey";

/** The API keys of a tenant. */
export function Keys() {
  const tenant = useTenant();
  return tenant === undefined ? (
    <>
      <PageHead title="Keys" />
      <Text>Keys are each of one tenant: choose it in the header.</Text>
    </>
  ) : (
    <KeysOf key={tenant} tenant={tenant} />
  );
}

function KeysOf({ tenant }: { tenant: string }) {
  const query = useInfiniteQuery(keyPages(tenant));
  const [opened, { open, close }] = useDisclosure();
  const columns: Column<Key>[] = [
    { title: "Name", cell: (row) => row.name },
    { title: "Begins with", cell: (row) => row.prefix },
    { title: "Scopes", cell: (row) => (row.scopes.includes("*") ? "all" : row.scopes.join(", ")) },
    { title: "Addresses", cell: (row) => row.source_cidrs?.join(", ") ?? "any" },
    { title: "Last used", cell: (row) => <When at={row.last_used_at} /> },
    { title: "Expires", cell: (row) => <When at={row.expires_at} /> },
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
      <PageHead title="Keys">
        <Button onClick={open}>New key</Button>
      </PageHead>
      <List
        noun="keys"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={
          <Group>
            <Text>This tenant has no key. Create one for its programs to post events with.</Text>
          </Group>
        }
      />
      <Modal opened={opened} onClose={close} title="New key">
        <NewKey tenant={tenant} onClose={close} />
      </Modal>
    </>
  );
}
