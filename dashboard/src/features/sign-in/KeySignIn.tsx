import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type SyntheticEvent } from "react";
import { signIn } from "../../api/session";
import { ProblemAlert } from "../../ui/ProblemAlert";

/** A key opens a session. */
export function KeySignIn({ onSignedIn }: { onSignedIn: () => void }) {
  const [key, setKey] = useState("");
  const field = useRef<HTMLInputElement>(null);
  // It is all there is to do here.
  useEffect(() => field.current?.focus(), []);
  const enter = useMutation({ mutationFn: signIn, onSuccess: onSignedIn });

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    enter.mutate(key.trim());
  }

  return (
    <Stack component="form" onSubmit={submit}>
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
  );
}
