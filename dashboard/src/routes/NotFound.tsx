import { Center, Stack, Text, Title } from "@mantine/core";
import { TextLink } from "../ui/links";

export function NotFound() {
  return (
    <Center mih="50vh">
      <Stack align="center">
        <Title order={1}>No such page</Title>
        <Text>The address leads nowhere here.</Text>
        <TextLink to="/">Go to the overview</TextLink>
      </Stack>
    </Center>
  );
}
