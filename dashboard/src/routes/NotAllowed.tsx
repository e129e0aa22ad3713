import { Center, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";

/** In place of a screen whose requests would all be refused. */
export function NotAllowed({ label, needs }: { label: string; needs: string }) {
  useDocumentTitle("Not allowed");
  return (
    <Center mih="50vh">
      <Stack align="center" ta="center">
        <Title order={1}>Not allowed</Title>
        <Text>
          {needs === "operator"
            ? `${label} is for the operator only.`
            : `${label} needs the scope ${needs}, which you do not have.`}
        </Text>
      </Stack>
    </Center>
  );
}
