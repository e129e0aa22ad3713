import { Group, ScrollArea, Text } from "@mantine/core";
import type { BinRequest } from "../../api/bins";
import { ChoiceLink } from "../../ui/links";
import { When } from "../../ui/When";
import { Verification } from "./Verification";

interface Props {
  /** Newest first. */
  requests: BinRequest[];
  shown: string | undefined;
}

export function RequestList({ requests, shown }: Props) {
  return (
    <ScrollArea.Autosize mah={{ base: 220, md: 640 }} component="nav" aria-label="Requests">
      {requests.map((request) => (
        <ChoiceLink
          key={request.id}
          from="/bins/$id"
          to="/bins/$id"
          search={(now) => ({ ...now, request: request.id })}
          replace
          resetScroll={false}
          active={request.id === shown}
          aria-current={request.id === shown ? "true" : undefined}
          label={
            <Group gap="xs">
              <Text span size="sm" fw={600}>
                {request.method}
              </Text>
              <When at={request.received_at} />
            </Group>
          }
          description={<Verification request={request} />}
        />
      ))}
    </ScrollArea.Autosize>
  );
}
