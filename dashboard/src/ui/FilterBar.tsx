import { SimpleGrid, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { TimeRange } from "./time-range/TimeRange";
import type { TimeSearch } from "./time-range/range";

interface Props {
  time: TimeSearch;
  onTime: (change: TimeSearch) => void;
  children: ReactNode;
}

/** What a list over time is narrowed by: fields, and the time below them. */
export function FilterBar({ time, onTime, children }: Props) {
  return (
    <Stack gap="sm" mb="md" role="search" aria-label="Filters">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
        {children}
      </SimpleGrid>
      <TimeRange value={time} onChange={onTime} />
    </Stack>
  );
}
