import { Fieldset, NumberInput, SimpleGrid, Switch, TextInput } from "@mantine/core";
import { JsonField } from "../../../ui/JsonField";
import type { SubscriptionForm } from "../form/useSubscriptionForm";

export function AdvancedFields({ form, isNew }: { form: SubscriptionForm; isNew: boolean }) {
  return (
    <>
      <TextInput
        label="External id"
        description="Yours; it can stand in place of the id."
        {...form.getInputProps("external_id")}
      />
      <Fieldset legend="Replay by itself">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <NumberInput
            label="Healthy for, minutes"
            description="Then its dead letters are replayed."
            placeholder="Never"
            min={0}
            {...form.getInputProps("auto_replay.healthy_minutes")}
          />
          <NumberInput
            label="Times, at most"
            description="One after the other that leave dead letters."
            min={0}
            {...form.getInputProps("auto_replay.max")}
          />
        </SimpleGrid>
      </Fieldset>
      <JsonField
        label="Metadata"
        description="An object of yours; it is not sent."
        placeholder="{}"
        minRows={2}
        value={form.values.metadata}
        onChange={(text) => form.setFieldValue("metadata", text)}
        error={form.errors.metadata}
      />
      {isNew && (
        <Switch
          label="Start paused: deliveries are made, and wait"
          {...form.getInputProps("starts_paused", { type: "checkbox" })}
        />
      )}
    </>
  );
}
