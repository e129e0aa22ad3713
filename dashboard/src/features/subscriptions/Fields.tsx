import { Accordion, Button, Group, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { StoredSubscription } from "../../api/subscriptions";
import { ActionButton } from "../../ui/ActionButton";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { AdvancedFields } from "./fields/AdvancedFields";
import { DeliveryFields } from "./fields/DeliveryFields";
import { FieldGroup } from "./fields/FieldGroup";
import { FormatFields } from "./fields/FormatFields";
import { SigningFields } from "./fields/SigningFields";
import { FilterTester } from "./filter/FilterTester";
import { groupNames, groupsWith } from "./form/faults";
import { withRevealed } from "./form/reveal";
import { useSubscriptionForm } from "./form/useSubscriptionForm";
import { newValues, SEALED, valuesOf, type Values } from "./form/values";

interface Props {
  /** As it was when the form was opened; none is a new one. */
  stored: StoredSubscription | null;
  submitLabel: string;
  submit: (values: Values, before: StoredSubscription | null) => Promise<unknown>;
  /** Reads what is sealed, where that is allowed. */
  reveal?: () => Promise<StoredSubscription>;
  onClose: () => void;
}

/** The form of a subscription, new or old. What the server refuses is told at the field it is about. */
export function Fields({ stored, submitLabel, submit, reveal, onClose }: Props) {
  const [before, setBefore] = useState(stored);
  const { form, root, rest, opened, setOpened, open, refuse } = useSubscriptionForm(before, () =>
    stored === null ? newValues() : valuesOf(stored),
  );
  const save = useMutation({
    mutationFn: (values: Values) => submit(values, before),
    onError: refuse,
  });
  const faulty = groupsWith(form.errors);
  const parts = { form, isNew: stored === null };

  const revealButton = before !== null && reveal !== undefined && (
    <ActionButton
      label="Show sealed values"
      confirm="That they were read is noted in the audit log."
      run={reveal}
      onDone={(shown) => {
        const revealed = withRevealed(before, shown, form.getValues());
        setBefore(revealed.before);
        form.setValues(revealed.values);
      }}
    />
  );

  return (
    <form ref={root} noValidate onSubmit={form.onSubmit((values) => save.mutate(values), open)}>
      <Stack gap="sm">
        <TextInput
          label="Url"
          placeholder="https://example.com/webhooks"
          withAsterisk
          data-autofocus
          {...form.getInputProps("url")}
        />
        {form.values.url === SEALED && <div>{revealButton}</div>}
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
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          {...form.getInputProps("filter")}
        />
        <FilterTester filter={form.values.filter} eventTypes={form.values.event_types} />
        <Accordion
          multiple
          variant="separated"
          chevronPosition="left"
          order={3}
          keepMounted={false}
          value={opened}
          onChange={(names) => setOpened(groupNames.filter((name) => names.includes(name)))}
        >
          <FieldGroup
            name="delivery"
            title="Delivery"
            told="order, timeout, limits, retries, headers"
            isFaulty={faulty.includes("delivery")}
          >
            <DeliveryFields form={form} reveal={revealButton} />
          </FieldGroup>
          <FieldGroup
            name="format"
            title="Format"
            told="kind, CloudEvents, template"
            isFaulty={faulty.includes("format")}
          >
            <FormatFields {...parts} />
          </FieldGroup>
          <FieldGroup
            name="signing"
            title="Signing"
            told="schemes, algorithm, certificate"
            isFaulty={faulty.includes("signing")}
          >
            <SigningFields form={form} before={before} />
          </FieldGroup>
          <FieldGroup
            name="advanced"
            title="Advanced"
            told="external id, replay by itself, metadata"
            isFaulty={faulty.includes("advanced")}
          >
            <AdvancedFields {...parts} />
          </FieldGroup>
        </Accordion>
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
