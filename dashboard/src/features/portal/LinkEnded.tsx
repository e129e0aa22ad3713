import { Center, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { hasLink } from "../../api/portal";

/** In place of every screen of the portal while no link leads into it. */
export function LinkEnded() {
  // Without a link one has left, or the address is one of within.
  const [title, text] = hasLink()
    ? ["This link has ended", "Ask for a new one where you got it."]
    : ["No link is open", "Open your link again, or ask for a new one where you got it."];
  useDocumentTitle(title);
  return (
    <Center component="main" mih="100vh" p="md">
      <Stack align="center" gap="xs" ta="center">
        <Title order={1}>{title}</Title>
        <Text>{text}</Text>
      </Stack>
    </Center>
  );
}
