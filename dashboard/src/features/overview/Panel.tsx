import { Card, Group, Skeleton, Stack, Title } from "@mantine/core";
import { useId, type ReactNode } from "react";

interface Props {
  title: string;
  /** Beside the title. */
  aside?: ReactNode;
  /** Whether its content is still waited for. */
  pending: boolean;
  /** The height that its content has room for beside another, so that nothing moves when that comes. */
  room: number;
  /** How high the rows are that are waited for. */
  row?: number;
  children: ReactNode;
}

/** A part of the overview. */
export function Panel({ title, aside, pending, room, row = 52, children }: Props) {
  const id = useId();
  return (
    <Card withBorder component="section" aria-labelledby={id} aria-busy={pending}>
      <Group justify="space-between" mb="xs">
        <Title order={2} id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      <Stack gap="sm" mih={{ base: 0, lg: room }}>
        {pending
          ? Array.from({ length: Math.max(1, Math.floor(room / (row + 12))) }, (_, number) => (
              <Skeleton key={number} height={row} aria-hidden />
            ))
          : children}
      </Stack>
    </Card>
  );
}
