import { Button, Center, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState, type SyntheticEvent } from "react";
import { signIn } from "../../api/session";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { safeNext } from "../../lib/address";

const route = getRouteApi("/sign-in");

export function SignIn() {
  const { next } = route.useSearch();
  const router = useRouter();
  const [key, setKey] = useState("");
  const field = useRef<HTMLInputElement>(null);
  // It is all there is to do here.
  useEffect(() => field.current?.focus(), []);
  const enter = useMutation({
    mutationFn: signIn,
    onSuccess: () => router.history.replace(safeNext(next)),
  });

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    enter.mutate(key.trim());
  }

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420} component="form" onSubmit={submit}>
        <Stack>
          <Title order={1}>Posthaste</Title>
          <Text c="dimmed" size="sm">
            Sign in with the operator key or an API key.
          </Text>
          <PasswordInput
            label="Key"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            autoComplete="current-password"
            ref={field}
            required
          />
          {enter.isError && <ProblemAlert error={enter.error} />}
          <Button type="submit" loading={enter.isPending} disabled={key.trim() === ""}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
