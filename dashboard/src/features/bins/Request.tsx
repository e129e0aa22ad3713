import { Stack, Table, Text, Title } from "@mantine/core";
import type { BinRequest } from "../../api/bins";
import { Facts } from "../../ui/Facts";
import { TextLink } from "../../ui/links";
import { When } from "../../ui/When";
import { Body } from "./Body";
import { Verification } from "./Verification";

/** One request as it came. */
export function Request({ request }: { request: BinRequest }) {
  const delivery = header(request, "x-pt-delivery");
  const event = header(request, "webhook-id");
  return (
    <Stack gap="sm">
      <Title order={3} style={{ overflowWrap: "anywhere" }}>
        {request.method} {request.url}
      </Title>
      <Facts
        facts={{
          Received: <When at={request.received_at} />,
          From: request.remote_ip ?? "this deployment",
          Signatures: <Verification request={request} />,
          ...(delivery?.startsWith("dlv_") && {
            Delivery: (
              <TextLink to="/deliveries/$id" params={{ id: delivery }} size="sm">
                {delivery}
              </TextLink>
            ),
          }),
          ...(event?.startsWith("evt_") && {
            Event: (
              <TextLink to="/events/$id" params={{ id: event }} size="sm">
                {event}
              </TextLink>
            ),
          }),
        }}
      />
      <Body request={request} />
      <Title order={4} fz="md">
        Headers
      </Title>
      {request.headers.length === 0 ? (
        <Text size="sm">It has none.</Text>
      ) : (
        <Table aria-label="Headers" withTableBorder layout="fixed" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="35%">Name</Table.Th>
              <Table.Th>Value</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {request.headers.map(([name, value], place) => (
              // A name may come more than once; the list does not change.
              <Table.Tr key={place} style={{ overflowWrap: "anywhere" }}>
                <Table.Td>{name}</Table.Td>
                <Table.Td ff="monospace">{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}

function header({ headers }: BinRequest, wanted: string): string | undefined {
  return headers.find(([name]) => name?.toLowerCase() === wanted)?.[1];
}
