import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../../api/client";
import { asProblem, fieldErrors, type Fault } from "../../../api/problem";
import { rotateSecret, type Subscription } from "../../../api/subscriptions";
import { ProblemAlert } from "../../../ui/ProblemAlert";
import { useApi } from "../../../routes/tenant";
import { waitSeconds } from "../form/schedule";
import { SecretInput } from "../SecretInput";

export interface Rotated {
  secret: Schemas["Secret"];
  /** Until when the former one signs beside it. */
  until: Date | null;
}

interface Props {
  subscription: Subscription;
  onDone: (rotated: Rotated) => void;
  onClose: () => void;
}

/** Gives a subscription a new secret. The former one goes on for a while, so that its receiver can be changed. */
export function RotateSecret({ subscription: { id, signing }, onDone, onClose }: Props) {
  const api = useApi();
  const [rest, setRest] = useState<Fault[]>([]);
  const isPair = signing.algorithm === "ed25519";
  const form = useForm({
    initialValues: { secret: "", overlap_s: "24h" },
    validate: {
      overlap_s: (text) =>
        waitSeconds(text) === null ? "Write a length of time, such as 30m, 24h or 7d." : null,
    },
  });
  const rotate = useMutation({
    mutationFn: async ({ secret, overlap_s }: typeof form.values): Promise<Rotated> => {
      const seconds = Math.round(waitSeconds(overlap_s) ?? 0);
      const made = await rotateSecret(api, id, {
        overlap_s: seconds,
        ...(secret.trim() !== "" && { secret: secret.trim() }),
      });
      return { secret: made, until: seconds === 0 ? null : new Date(Date.now() + seconds * 1_000) };
    },
    onSuccess: onDone,
    onError: (error) => {
      const sorted = fieldErrors(asProblem(error), ["secret", "overlap_s"]);
      form.setErrors(sorted.fields);
      setRest(sorted.rest);
    },
  });

  return (
    <form noValidate onSubmit={form.onSubmit((values) => rotate.mutate(values))}>
      <Stack gap="sm">
        <Text size="sm">
          {isPair ? "A new key pair is made." : "A new secret is made, unless one is given."} Requests are
          signed by both until the former one ends: change the receiver within that time.
        </Text>
        {!isPair && <SecretInput label="Secret of your own" {...form.getInputProps("secret")} />}
        <TextInput
          label="The former one signs beside it for"
          description="Up to 7d. With 0 it ends at once, and a receiver that has not been changed refuses every request."
          data-autofocus
          {...form.getInputProps("overlap_s")}
        />
        {rotate.isError && <ProblemAlert error={rotate.error} faults={rest} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" color="red" loading={rotate.isPending}>
            Rotate
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
