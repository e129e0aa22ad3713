import { Button, Fieldset, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { createEventType } from "../../api/eventTypes";
import { asProblem, fieldErrors, type Fault } from "../../api/problem";
import { useApi } from "../../routes/tenant";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { VersionFields } from "./VersionFields";
import { isEmpty, noVersion, sortFaults, versionFaults, versionOf } from "./versionForm";

interface Faults {
  name?: string;
  description?: string;
  version: Partial<typeof noVersion>;
  rest: Fault[];
}

const noFaults: Faults = { version: {}, rest: [] };

/** Adds an event type to the catalogue: a name is enough, and a first version can come with it. */
export function NewEventType({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [version, setVersion] = useState(noVersion);
  const [faults, setFaults] = useState(noFaults);

  const make = useMutation({
    mutationFn: () =>
      createEventType(api, {
        name: name.trim(),
        description,
        versions: isEmpty(version) ? [] : [versionOf(version)],
      }),
    onSuccess: (made) => navigate({ to: "/event-types/$name", params: { name: made.name } }),
    onError: (error) => {
      const problem = asProblem(error);
      const ofVersion = sortFaults(problem, 0, version);
      const { fields } = fieldErrors(problem, ["name", "description"]);
      const rest = ofVersion.rest.filter(({ pointer }) => !["/name", "/description"].includes(pointer));
      setFaults({ name: fields.name, description: fields.description, version: ofVersion.fields, rest });
    },
  });

  function submit() {
    const told: Faults = {
      name: name.trim() === "" ? "A name is needed." : undefined,
      version: isEmpty(version) ? {} : versionFaults(version),
      rest: [],
    };
    setFaults(told);
    if (told.name === undefined && Object.keys(told.version).length === 0) make.mutate();
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="Parts of letters, digits, _ and -, joined by dots. It does not change later."
          placeholder="order.paid"
          withAsterisk
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={faults.name}
        />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          error={faults.description}
        />
        <Fieldset legend="First version, if there is one">
          <VersionFields values={version} onChange={setVersion} faults={faults.version} />
        </Fieldset>
        {make.isError && <ProblemAlert error={make.error} faults={faults.rest} />}
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
