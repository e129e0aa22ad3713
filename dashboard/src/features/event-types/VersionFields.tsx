import { Stack, TextInput } from "@mantine/core";
import { JsonField } from "../../ui/JsonField";
import type { VersionValues } from "./versionForm";

interface Props {
  values: VersionValues;
  onChange: (values: VersionValues) => void;
  faults: Partial<VersionValues>;
}

/** The name of a version, and what the data of its events looks like. */
export function VersionFields({ values, onChange, faults }: Props) {
  return (
    <Stack gap="sm">
      <TextInput
        label="Version"
        placeholder="1"
        value={values.version}
        onChange={(event) => onChange({ ...values, version: event.currentTarget.value })}
        error={faults.version}
      />
      <JsonField
        label="Schema"
        description="JSON Schema 2020-12 of data; without one any data will do."
        placeholder='{"type": "object"}'
        value={values.schema}
        onChange={(schema) => onChange({ ...values, schema })}
        error={faults.schema}
      />
      <JsonField
        label="Example"
        description="What data may look like. It has to keep the schema, and is what a test of the type sends."
        value={values.example}
        onChange={(example) => onChange({ ...values, example })}
        error={faults.example}
      />
    </Stack>
  );
}
