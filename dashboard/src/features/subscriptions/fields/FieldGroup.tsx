import { Accordion, Badge, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Group as Name } from "../form/faults";

interface Props {
  name: Name;
  title: string;
  /** What is in it, in short, while it is closed. */
  told: string;
  isFaulty: boolean;
  children: ReactNode;
}

/** A part of the form that most do not need. */
export function FieldGroup({ name, title, told, isFaulty, children }: Props) {
  return (
    <Accordion.Item value={name}>
      <Accordion.Control>
        <Group gap="xs">
          <Text component="span" fw={600}>
            {title}
          </Text>
          <Text component="span" size="sm" c="dimmed">
            {told}
          </Text>
          {isFaulty && (
            <Badge component="span" color="red" variant="light" tt="none">
              has a fault
            </Badge>
          )}
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="sm">{children}</Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}
