import { Center, Paper, Stack, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { safeNext } from "../../lib/address";
import { KeySignIn } from "./KeySignIn";

const route = getRouteApi("/sign-in");

/** The ways to a session, each a part of its own: whichever is gone, it leads to where one wanted to go. */
export function SignIn() {
  const { next } = route.useSearch();
  const router = useRouter();
  const goOn = () => router.history.replace(safeNext(next));
  useDocumentTitle("Sign in · Posthaste");

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420}>
        <Stack>
          <Title order={1}>Posthaste</Title>
          <KeySignIn onSignedIn={goOn} />
        </Stack>
      </Paper>
    </Center>
  );
}
