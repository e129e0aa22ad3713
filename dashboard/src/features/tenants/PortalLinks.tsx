import { Button, Card, Group, Modal, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { portalLinkPages, revokePortalLink, type PortalLink } from "../../api/portalLinks";
import { ActionButton } from "../../ui/ActionButton";
import { List, type Column } from "../../ui/list/List";
import { ShortId } from "../../ui/ShortId";
import { When } from "../../ui/When";
import { NewPortalLink } from "./NewPortalLink";

/** The links into a tenant's portal that can be used. */
export function PortalLinks({ tenant }: { tenant: string }) {
  const query = useInfiniteQuery(portalLinkPages(tenant));
  const [opened, { open, close }] = useDisclosure();
  const columns: Column<PortalLink>[] = [
    { title: "Id", cell: (row) => <ShortId id={row.id} /> },
    { title: "May", cell: (row) => (row.permissions === "read" ? "read" : "read and change") },
    { title: "Created", cell: (row) => <When at={row.created_at} /> },
    { title: "Expires", cell: (row) => <When at={row.expires_at} /> },
    {
      title: "Acts",
      cell: (row) => (
        <ActionButton
          label="Revoke"
          color="red"
          confirm="Whoever has opened the portal by it is out at once."
          run={() => revokePortalLink(tenant, row.id)}
          done="The link is revoked."
        />
      ),
    },
  ];
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2}>Portal links</Title>
        <Button size="xs" variant="default" onClick={open}>
          New portal link
        </Button>
      </Group>
      <List
        noun="portal links"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={
          <Text size="sm">No link leads into its portal. Make one to show the tenant its webhooks.</Text>
        }
      />
      <Modal opened={opened} onClose={close} closeOnClickOutside={false} title="New portal link">
        <NewPortalLink tenant={tenant} onClose={close} />
      </Modal>
    </Card>
  );
}
