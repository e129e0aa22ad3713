import { Stack, TextInput } from "@mantine/core";
import { JsonField } from "../../../ui/JsonField";

/** An event as it is typed. */
export interface Draft {
  type: string;
  data: string;
  metadata: string;
}

interface Props {
  value: Draft;
  onChange: (value: Draft) => void;
  errors: Partial<Record<keyof Draft, string>>;
}

export function OneEvent({ value, onChange, errors }: Props) {
  return (
    <Stack gap="xs">
      <TextInput
        label="Type of the event"
        placeholder="content.published"
        value={value.type}
        onChange={(event) => onChange({ ...value, type: event.currentTarget.value })}
        error={errors.type}
      />
      <JsonField
        label="Data of the event"
        placeholder='{"amount": 100}'
        minRows={2}
        value={value.data}
        onChange={(data) => onChange({ ...value, data })}
        error={errors.data}
      />
      <JsonField
        label="Metadata of the event"
        placeholder="{}"
        minRows={1}
        value={value.metadata}
        onChange={(metadata) => onChange({ ...value, metadata })}
        error={errors.metadata}
      />
    </Stack>
  );
}
