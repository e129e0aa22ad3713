import { Button, Fieldset, Group, Input, Stack, Text, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { SubscriptionForm } from "../form/useSubscriptionForm";
import { headerRow, SEALED } from "../form/values";

interface Props {
  form: SubscriptionForm;
  /** Shows what is sealed. */
  reveal: ReactNode;
}

/** Headers of the receiver's own, one in each row. */
export function HeaderRows({ form, reveal }: Props) {
  const { headers } = form.values;
  return (
    <Fieldset legend="Headers">
      <Stack gap="xs">
        <Text size="sm" c="dimmed">
          Sent with every request. Their values are sealed: *** stays as it is.
        </Text>
        {headers.map(({ key, name, value }, index) => (
          <Group key={key} gap="xs" align="start" wrap="nowrap">
            <TextInput
              aria-label={`Name of header ${index + 1}`}
              placeholder="x-api-key"
              flex={2}
              miw={0}
              autoComplete="off"
              {...form.getInputProps(`headers.${index}.name`)}
            />
            <TextInput
              aria-label={`Value of header ${name || index + 1}`}
              placeholder="Value"
              flex={3}
              miw={0}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps(`headers.${index}.value`)}
              // What stands for a sealed value is no beginning of another.
              onFocus={(event) => {
                if (value === SEALED) event.currentTarget.select();
              }}
            />
            <Button
              variant="default"
              aria-label={`Remove header ${name || index + 1}`}
              onClick={() => form.removeListItem("headers", index)}
              px="xs"
            >
              <span aria-hidden>✕</span>
            </Button>
          </Group>
        ))}
        {form.errors.headers && <Input.Error role="alert">{form.errors.headers}</Input.Error>}
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            onClick={() => form.insertListItem("headers", headerRow())}
            disabled={headers.length >= MOST}
          >
            Add a header
          </Button>
          {headers.some((row) => row.value === SEALED) && reveal}
        </Group>
      </Stack>
    </Fieldset>
  );
}

const MOST = 32;
