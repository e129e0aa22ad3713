import { Button, Group, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { createKey, scopes, type Scope } from "../../api/keys";
import { asProblem, fieldErrors, type Fault } from "../../api/problem";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { ProblemAlert } from "../../ui/ProblemAlert";

export function NewKey({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const [rest, setRest] = useState<Fault[]>([]);
  const form = useForm<{ name: string; scopes: Scope[] }>({
    initialValues: { name: "", scopes: [] },
    validate: {
      name: (name) => (name.trim() === "" ? "A name is needed." : null),
      scopes: (chosen) => (chosen.length === 0 ? "Choose what it may do." : null),
    },
  });
  const make = useMutation({
    mutationFn: (values: { name: string; scopes: Scope[] }) => createKey(tenant, values),
    onError: (error) => {
      const sorted = fieldErrors(asProblem(error), ["name", "scopes"]);
      form.setErrors(sorted.fields);
      setRest(sorted.rest);
    },
  });

  if (make.data !== undefined) {
    return (
      <Stack aria-live="polite">
        <Text size="sm">This is the key. It is shown only now.</Text>
        <CodeBlock label="Key" text={make.data.secret} />
        <Group justify="flex-end">
          <CopyText label="Copy key" text={make.data.secret} />
          <Button onClick={onClose}>Close</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={form.onSubmit((values) => make.mutate(values))} noValidate>
      <Stack>
        <TextInput label="Name" withAsterisk data-autofocus {...form.getInputProps("name")} />
        <MultiSelect
          label="Scopes"
          description="* is all that the tenant may do"
          withAsterisk
          data={scopes}
          {...form.getInputProps("scopes")}
        />
        {make.isError && <ProblemAlert error={make.error} faults={rest} />}
        <Button type="submit" loading={make.isPending}>
          Create
        </Button>
      </Stack>
    </form>
  );
}
