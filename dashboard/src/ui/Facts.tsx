import { Box, SimpleGrid, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** Names and values of one thing. */
export function Facts({ facts }: { facts: Record<string, ReactNode> }) {
  return (
    <SimpleGrid component="dl" cols={{ base: 1, xs: 2, md: 3 }} spacing="md" m={0}>
      {Object.entries(facts).map(([name, value]) => (
        <Box key={name}>
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: "anywhere" }}>
            {value ?? "–"}
          </Text>
        </Box>
      ))}
    </SimpleGrid>
  );
}
