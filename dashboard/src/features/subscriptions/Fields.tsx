import { Button, Group, NumberInput, Stack, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem, fieldErrors, type Fault } from "../../api/problem";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { FilterTester } from "./FilterTester";
import { fields, urlFault, type Values } from "./form";

interface Props {
  initial: Values;
  submitLabel: string;
  /** A sealed url can be left as it is. */
  urlIsSealed?: boolean;
  submit: (values: Values) => Promise<unknown>;
  onClose: () => void;
}

/** The form of a subscription, new or old. What the server refuses is told at the field it is about. */
export function Fields({ initial, submitLabel, urlIsSealed = false, submit, onClose }: Props) {
  const [rest, setRest] = useState<Fault[]>([]);
  const form = useForm<Values>({
    initialValues: initial,
    validateInputOnBlur: true,
    validate: { url: (url) => (urlIsSealed && url === initial.url ? null : urlFault(url)) },
  });
  const save = useMutation({
    mutationFn: submit,
    onError: (error) => {
      const sorted = fieldErrors(asProblem(error), fields);
      form.setErrors(sorted.fields);
      setRest(sorted.rest);
    },
  });

  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack gap="sm">
        <TextInput
          label="Url"
          placeholder="https://example.com/webhooks"
          withAsterisk
          data-autofocus
          {...form.getInputProps("url")}
        />
        <TextInput label="Description" {...form.getInputProps("description")} />
        <TagsInput
          label="Event types"
          description="Enter adds one. * stands for one segment, a last ** for one or more; none at all means every type."
          placeholder="content.*"
          {...form.getInputProps("event_types")}
        />
        <Textarea
          label="Filter"
          description="A CEL expression over event, data and metadata."
          placeholder="data.amount > 100"
          autosize
          minRows={1}
          styles={{ input: { fontFamily: "monospace" } }}
          {...form.getInputProps("filter")}
        />
        <FilterTester filter={form.values.filter} eventTypes={form.values.event_types} />
        <Switch
          label="Ordered: one delivery at a time, in the order of the events"
          {...form.getInputProps("ordered", { type: "checkbox" })}
        />
        <Group grow align="start">
          <NumberInput label="Timeout, ms" placeholder="15000" {...form.getInputProps("timeout_ms")} />
          <NumberInput label="Most in flight" placeholder="64" {...form.getInputProps("max_in_flight")} />
          <NumberInput
            label="Most per second"
            placeholder="No limit"
            {...form.getInputProps("rate_limit.per_second")}
          />
        </Group>
        {save.isError && <ProblemAlert error={save.error} faults={rest} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={save.isPending}>
            {submitLabel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
