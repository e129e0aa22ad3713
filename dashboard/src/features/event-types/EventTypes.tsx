import { Accordion, Badge, Group, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { eventTypePages, type EventType } from "../../api/eventTypes";
import { CodeBlock } from "../../ui/CodeBlock";
import { TextLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { When } from "../../ui/When";
import { tenantOf, useApi } from "../../routes/tenant";

const route = getRouteApi("/shell/event-types");

const columns: Column<EventType>[] = [
  {
    title: "Name",
    cell: (row) => (
      <TextLink to="/event-types" search={{ ...tenantOf(row), name: row.name }} size="sm">
        {row.name}
      </TextLink>
    ),
  },
  { title: "Description", cell: (row) => row.description || "–" },
  { title: "Versions", cell: (row) => row.versions.map(({ version }) => version).join(", ") || "–" },
  { title: "State", cell: (row) => (row.deprecated ? <Badge color="yellow">deprecated</Badge> : "in use") },
  { title: "Updated", cell: (row) => <When at={row.updated_at} /> },
];

export function EventTypes() {
  const { name } = route.useSearch();
  const query = useInfiniteQuery(eventTypePages(useApi()));
  const chosen = query.data?.pages.flatMap((page) => page.data).find((row) => row.name === name);
  return (
    <>
      <PageHead title="Event types" />
      {chosen && <Versions type={chosen} />}
      <List
        noun="event types"
        query={query}
        columns={columns}
        rowKey={(row) => `${row.tenant_id ?? ""} ${row.name}`}
        empty={<Text>The catalogue is empty. Add types by POST /event-types, or import a document.</Text>}
      />
    </>
  );
}

function Versions({ type }: { type: EventType }) {
  return (
    <Stack mb="lg">
      <Group justify="space-between">
        <Title order={2}>{type.name}</Title>
        <TextLink to="/events" search={{ type: type.name }} size="sm">
          Its events
        </TextLink>
      </Group>
      {type.versions.length === 0 && <Text size="sm">It has no versions: any data will do.</Text>}
      <Accordion variant="contained" order={3}>
        {type.versions.map(({ version, schema, example }) => (
          <Accordion.Item key={version} value={version}>
            <Accordion.Control>Version {version}</Accordion.Control>
            <Accordion.Panel>
              <Stack gap="xs">
                <CodeBlock label={`Schema of ${version}`} text={JSON.stringify(schema, null, 2)} />
                <CodeBlock label={`Example of ${version}`} text={JSON.stringify(example, null, 2)} />
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}
