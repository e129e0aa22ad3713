import { Button, Group, Stack, Switch, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { changeEventType, type EventType } from "../../api/eventTypes";
import { asProblem, fieldErrors, type Fault } from "../../api/problem";
import { useApi } from "../../routes/tenant";
import { ProblemAlert } from "../../ui/ProblemAlert";

interface Props {
  type: EventType;
  onClose: () => void;
}

export function EditEventType({ type, onClose }: Props) {
  const api = useApi();
  const [rest, setRest] = useState<Fault[]>([]);
  const form = useForm({ initialValues: { description: type.description, deprecated: type.deprecated } });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => changeEventType(api, type.name, values),
    onSuccess: onClose,
    onError: (error) => {
      const sorted = fieldErrors(asProblem(error), ["description", "deprecated"]);
      form.setErrors(sorted.fields);
      setRest(sorted.rest);
    },
  });

  return (
    <form noValidate onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack gap="sm">
        <Textarea
          label="Description"
          autosize
          minRows={3}
          data-autofocus
          {...form.getInputProps("description")}
        />
        <Switch
          label="Deprecated"
          description="Readers are told not to build on it. Events of it are taken and delivered as before."
          {...form.getInputProps("deprecated", { type: "checkbox" })}
        />
        {save.isError && <ProblemAlert error={save.error} faults={rest} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
