import { Button, Group, Select, SimpleGrid, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { createKey, type Scope } from "../../api/keys";
import { asProblem, fieldErrors, type Fault } from "../../api/problem";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { expiresAt, expiryFault, lastings, type Expiry } from "./expiry";
import { ScopeFields } from "./ScopeFields";

interface Values {
  name: string;
  scopes: Scope[];
  expires_at: Expiry;
  source_cidrs: string[];
}

export function NewKey({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const [rest, setRest] = useState<Fault[]>([]);
  const form = useForm<Values>({
    initialValues: { name: "", scopes: [], expires_at: { lasting: "never", date: "" }, source_cidrs: [] },
    validate: {
      name: (name) => (name.trim() === "" ? "A name is needed." : null),
      scopes: (chosen) => (chosen.length === 0 ? "Choose what it may do." : null),
      expires_at: (expiry: Expiry) => expiryFault(expiry, new Date()),
    },
  });
  const make = useMutation({
    mutationFn: ({ name, scopes, expires_at, source_cidrs }: Values) =>
      createKey(tenant, {
        name: name.trim(),
        scopes,
        expires_at: expiresAt(expires_at, new Date()),
        source_cidrs: source_cidrs.length === 0 ? null : source_cidrs,
      }),
    onError: (error) => {
      const sorted = fieldErrors(asProblem(error), ["name", "scopes", "expires_at", "source_cidrs"]);
      form.setErrors(sorted.fields);
      setRest(sorted.rest);
    },
  });

  if (make.data !== undefined) {
    return (
      <Stack aria-live="polite">
        <Text size="sm">
          This is the key {make.data.name}. It is shown only now: keep it where secrets are kept.
        </Text>
        <CodeBlock label="Key" text={make.data.secret} />
        <Group justify="flex-end">
          <CopyText label="Copy key" text={make.data.secret} />
          <Button size="xs" onClick={onClose}>
            Close
          </Button>
        </Group>
      </Stack>
    );
  }
  const { lasting } = form.values.expires_at;
  return (
    <form onSubmit={form.onSubmit((values) => make.mutate(values))} noValidate>
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="What it is for, to tell it from others."
          withAsterisk
          data-autofocus
          {...form.getInputProps("name")}
        />
        <ScopeFields
          value={form.values.scopes}
          onChange={(scopes) => form.setFieldValue("scopes", scopes)}
          error={form.errors.scopes}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <Select
            label="Expires"
            data={lastings}
            allowDeselect={false}
            {...form.getInputProps("expires_at.lasting")}
            error={lasting === "date" ? undefined : form.errors.expires_at}
          />
          {lasting === "date" && (
            <TextInput
              label="When"
              description="In your time zone."
              type="datetime-local"
              {...form.getInputProps("expires_at.date")}
              error={form.errors.expires_at}
            />
          )}
        </SimpleGrid>
        <TagsInput
          label="Addresses it may be used from"
          description="Networks such as 203.0.113.0/24. Enter adds one; none means any address."
          {...form.getInputProps("source_cidrs")}
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
