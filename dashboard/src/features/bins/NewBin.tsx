import { Button, Group, NumberInput, PasswordInput, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { createBin } from "../../api/bins";
import { asProblem, fieldErrors, type Fault } from "../../api/problem";
import { useApi } from "../../routes/tenant";
import { ProblemAlert } from "../../ui/ProblemAlert";

interface Values {
  name: string;
  response: { status: number | ""; delay_ms: number | "" };
  secret: string;
}

const fields = ["name", "response.status", "response.delay_ms", "secret"];

/** Makes a bin, and leads to it. */
export function NewBin({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const navigate = useNavigate();
  const [rest, setRest] = useState<Fault[]>([]);
  const form = useForm<Values>({
    initialValues: { name: "", response: { status: "", delay_ms: "" }, secret: "" },
    validate: { name: (name) => (name.trim() === "" ? "A name is needed." : null) },
  });
  const make = useMutation({
    mutationFn: ({ name, response: { status, delay_ms }, secret }: Values) =>
      createBin(api, {
        name: name.trim(),
        response: {
          status: status === "" ? null : status,
          delay_ms: delay_ms === "" ? null : delay_ms,
        },
        secret: secret.trim() === "" ? null : secret.trim(),
      }),
    onSuccess: (made) => navigate({ to: "/bins/$id", params: { id: made.id } }),
    onError: (error) => {
      const sorted = fieldErrors(asProblem(error), fields);
      form.setErrors(sorted.fields);
      setRest(sorted.rest);
    },
  });

  return (
    <form noValidate onSubmit={form.onSubmit((values) => make.mutate(values))}>
      <Stack gap="sm">
        <TextInput label="Name" withAsterisk data-autofocus {...form.getInputProps("name")} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <NumberInput
            label="Answers with status"
            description="200 to 599: with 503 retries can be tried out."
            placeholder="200"
            allowDecimal={false}
            hideControls
            {...form.getInputProps("response.status")}
          />
          <NumberInput
            label="After, ms"
            description="Up to 10,000."
            placeholder="0"
            allowDecimal={false}
            hideControls
            {...form.getInputProps("response.delay_ms")}
          />
        </SimpleGrid>
        <PasswordInput
          label="Secret"
          description="Checks the signatures of requests that are no delivery of this tenant. Deliveries are held to the secrets of their subscription."
          placeholder="whsec_…"
          autoComplete="off"
          {...form.getInputProps("secret")}
        />
        {make.isError && <ProblemAlert error={make.error} faults={rest} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={make.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
