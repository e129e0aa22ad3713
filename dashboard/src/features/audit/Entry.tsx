import { Code, Modal, Stack, Table, Text, Title } from "@mantine/core";
import type { AuditEntry } from "../../api/audit";
import { tenantOf } from "../../routes/tenant";
import { CodeBlock } from "../../ui/CodeBlock";
import { Facts } from "../../ui/Facts";
import { TextLink } from "../../ui/links";
import { When } from "../../ui/When";

interface Props {
  entry: AuditEntry | undefined;
  onClose: () => void;
}

/** One entry in full. */
export function Entry({ entry, onClose }: Props) {
  return (
    <Modal opened={entry !== undefined} onClose={onClose} title={entry?.action} size="xl">
      {entry && <Told entry={entry} />}
    </Modal>
  );
}

function Told({ entry }: { entry: AuditEntry }) {
  const { actor, resource, changes } = entry;
  return (
    <Stack>
      <Facts
        facts={{
          When: <When at={entry.created_at} />,
          By: `${actor.type} ${actor.id ?? ""}`,
          On: <Resource entry={entry} />,
          "Kind of resource": resource.type.replaceAll("_", " "),
          "From address": entry.source_ip,
          Request: entry.request_id,
          Entry: entry.id,
          ...(entry.tenant_id !== undefined && { Tenant: <Tenant id={entry.tenant_id} /> }),
        }}
      />
      <Title order={3}>Changes</Title>
      {changes === null ? (
        <Text size="sm">None are told.</Text>
      ) : (
        Object.entries(changes).map(([field, { from, to }]) => (
          <Table key={field} variant="vertical" withTableBorder layout="fixed" captionSide="top">
            <Table.Caption>
              <Code>{field}</Code>
            </Table.Caption>
            <Table.Tbody>
              {[
                { name: "from", value: from },
                { name: "to", value: to },
              ].map(({ name, value }) => (
                <Table.Tr key={name}>
                  <Table.Th w={70}>{name}</Table.Th>
                  <Table.Td p={0}>
                    <CodeBlock label={`${field} ${name}`} text={JSON.stringify(value, null, 2)} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        ))
      )}
    </Stack>
  );
}

/** It is told to the operator only. */
function Tenant({ id }: { id: string | null }) {
  if (id === null) return "none";
  return (
    <TextLink to="/tenants/$id" params={{ id }} size="sm">
      {id}
    </TextLink>
  );
}

/** What it was done to, with the way to its page if it has one; it may be gone meanwhile. */
function Resource({ entry }: { entry: AuditEntry }) {
  const { type, id } = entry.resource;
  const search = tenantOf({ tenant_id: entry.tenant_id ?? undefined });
  const link = { search, size: "sm" as const, children: id };
  if (type === "event_type" && !id.startsWith("ten_"))
    return <TextLink to="/event-types/$name" params={{ name: id }} {...link} />;
  switch (id.split("_")[0]) {
    case "bin":
      return <TextLink to="/bins/$id" params={{ id }} {...link} />;
    case "sub":
      return <TextLink to="/subscriptions/$id" params={{ id }} {...link} />;
    case "dlv":
      return <TextLink to="/deliveries/$id" params={{ id }} {...link} />;
    case "rpl":
      return <TextLink to="/replays/$id" params={{ id }} {...link} />;
    default:
      return id;
  }
}
