import { Button, Group, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemAlert } from "./ProblemAlert";

interface Props {
  label: string;
  submitLabel: string;
  create: (name: string) => Promise<unknown>;
}

/** For what needs nothing but a name. */
export function CreateByName({ label, submitLabel, create }: Props) {
  const [name, setName] = useState("");
  const make = useMutation({ mutationFn: create, onSuccess: () => setName("") });
  return (
    <div>
      <Group
        component="form"
        align="end"
        mb="md"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate(name.trim());
        }}
      >
        <TextInput label={label} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Button type="submit" loading={make.isPending} disabled={name.trim() === ""}>
          {submitLabel}
        </Button>
      </Group>
      {make.isError && <ProblemAlert error={make.error} />}
    </div>
  );
}
