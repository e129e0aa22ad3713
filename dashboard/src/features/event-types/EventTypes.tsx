import { Badge, Button, Group, Modal, SegmentedControl, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { eventTypePages, type EventType } from "../../api/eventTypes";
import { oneOf } from "../../lib/params";
import { useAllowed } from "../../routes/allowed";
import { useNamesTenant } from "../../routes/namesTenant";
import { tenantOf, useApi } from "../../routes/tenant";
import { TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { ExportMenu } from "./ExportMenu";
import { ImportCatalogue, type Start } from "./ImportCatalogue";
import { NewEventType } from "./NewEventType";

const route = getRouteApi("/shell/event-types");

const columns: Column<EventType>[] = [
  {
    title: "Name",
    cell: (row) => (
      <TextLink to="/event-types/$name" params={{ name: row.name }} search={tenantOf(row)} size="sm">
        {row.name}
      </TextLink>
    ),
  },
  { title: "Description", cell: (row) => row.description || "–" },
  { title: "Versions", cell: (row) => row.versions.map(({ version }) => version).join(", ") || "–" },
  { title: "State", cell: (row) => (row.deprecated ? <Badge color="yellow">deprecated</Badge> : "in use") },
  { title: "Updated", cell: (row) => <When at={row.updated_at} /> },
];

/** The catalogue: what a tenant's events are called and look like. */
export function EventTypes() {
  const { deprecated } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(eventTypePages(useApi(), { deprecated }));
  const named = useNamesTenant();
  const mayWrite = useAllowed("events:write") && named;
  const [creating, create] = useDisclosure();
  const [start, setStart] = useState<Start | null>(null);

  return (
    <>
      <PageHead title="Event types">
        {named && <ExportMenu />}
        {mayWrite && (
          <>
            <Button variant="default" onClick={() => setStart("document")}>
              Import
            </Button>
            <Button onClick={create.open}>New event type</Button>
          </>
        )}
      </PageHead>
      {!named && (
        <Text size="sm" c="dimmed" mb="sm">
          Choose a tenant to add, import or export event types.
        </Text>
      )}
      <SegmentedControl
        size="xs"
        mb="sm"
        aria-label="State"
        data={[
          { value: "all", label: "All" },
          { value: "false", label: "In use" },
          { value: "true", label: "Deprecated" },
        ]}
        value={deprecated ?? "all"}
        onChange={(chosen) =>
          void navigate({
            search: (now) => ({ ...now, deprecated: oneOf(chosen, ["true", "false"]) }),
            replace: true,
          })
        }
      />
      <List
        noun="event types"
        query={query}
        columns={columns}
        rowKey={(row) => `${row.tenant_id ?? ""} ${row.name}`}
        empty={
          <>
            <Text ta="center">
              {deprecated === undefined
                ? "The catalogue is empty. Add an event type, import a document, or start with the types that products often have."
                : "No event type is in this state."}
            </Text>
            {mayWrite && deprecated === undefined && (
              <Group>
                <Button variant="light" onClick={() => setStart("starter")}>
                  Start with the starter catalogue
                </Button>
              </Group>
            )}
          </>
        }
      />
      <Modal
        opened={creating}
        onClose={create.close}
        closeOnClickOutside={false}
        title="New event type"
        size="xl"
      >
        <NewEventType onClose={create.close} />
      </Modal>
      <Modal
        opened={start !== null}
        onClose={() => setStart(null)}
        closeOnClickOutside={false}
        title="Import a catalogue"
        size="xl"
      >
        {start !== null && <ImportCatalogue start={start} onClose={() => setStart(null)} />}
      </Modal>
    </>
  );
}
