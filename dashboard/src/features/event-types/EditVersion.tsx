import { Button, Group, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { changeVersions } from "../../api/eventTypes";
import { asProblem, type Fault } from "../../api/problem";
import { useApi } from "../../routes/tenant";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { VersionFields } from "./VersionFields";
import { sortFaults, versionFaults, versionOf, type VersionValues } from "./versionForm";

interface Props {
  type: string;
  /** The version to change; without one the values become a new version, the newest. */
  version?: string;
  initial: VersionValues;
  onDone: (version: string) => void;
  onClose: () => void;
}

export function EditVersion({ type, version, initial, onDone, onClose }: Props) {
  const api = useApi();
  const [values, setValues] = useState(initial);
  const [faults, setFaults] = useState<Partial<VersionValues>>({});
  const [rest, setRest] = useState<Fault[]>([]);

  const save = useMutation({
    mutationFn: async () => {
      const written = versionOf(values);
      // Where it stands among the versions, for the faults that name its place.
      let index = 0;
      try {
        await changeVersions(api, type, (before) => {
          const found = before.findIndex((other) => other.version === version);
          index = found === -1 ? before.length : found;
          return before.toSpliced(index, found === -1 ? 0 : 1, written);
        });
      } catch (error) {
        const sorted = sortFaults(asProblem(error), index, values);
        setFaults(sorted.fields);
        setRest(sorted.rest);
        throw error;
      }
      return written.version;
    },
    onSuccess: onDone,
  });

  function submit() {
    const told = versionFaults(values);
    setFaults(told);
    if (Object.keys(told).length === 0) save.mutate();
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
        <VersionFields values={values} onChange={setValues} faults={faults} />
        {save.isError && <ProblemAlert error={save.error} faults={rest} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={save.isPending}>
            {version === undefined ? "Add version" : "Save"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
