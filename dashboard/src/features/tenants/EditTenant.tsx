import {
  Button,
  Fieldset,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem, fieldErrors, type Fault } from "../../api/problem";
import { changeTenant, type StoredTenant } from "../../api/tenants";
import { JsonField } from "../../ui/JsonField";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { faultsOf, fields, patchOf, valuesOf, type Values } from "./form";

interface Props {
  stored: StoredTenant;
  onClose: () => void;
}

/** The form of a tenant. What the server refuses is told at the field it is about. */
export function EditTenant({ stored, onClose }: Props) {
  const [rest, setRest] = useState<Fault[]>([]);
  const form = useForm<Values>({
    initialValues: valuesOf(stored),
    validate: (values) => faultsOf(stored, values),
  });
  const save = useMutation({
    mutationFn: (values: Values) => {
      const patch = patchOf(stored, values);
      return changeTenant(stored.tenant.id, patch.rest, patch.metadata);
    },
    onSuccess: onClose,
    onError: (error) => {
      const sorted = fieldErrors(asProblem(error), fields);
      form.setErrors(sorted.fields);
      setRest(sorted.rest);
    },
  });

  return (
    <form noValidate onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack gap="sm">
        <TextInput label="Name" withAsterisk data-autofocus {...form.getInputProps("name")} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput
            label="External id"
            description="Yours; it can stand in place of the id."
            {...form.getInputProps("external_id")}
          />
          <Select
            label="Status"
            description="While suspended its keys are refused and deliveries wait."
            data={["active", "suspended"]}
            allowDeselect={false}
            {...form.getInputProps("status")}
          />
        </SimpleGrid>
        <Switch
          label="Strict event types"
          description="Events that the catalogue does not have, or whose data breaks their schema, are refused."
          {...form.getInputProps("strict_event_types", { type: "checkbox" })}
        />
        <Switch
          label="Sandbox"
          description="Deliveries go to the tenant's bins and nowhere else."
          {...form.getInputProps("sandbox", { type: "checkbox" })}
        />
        <Limit
          legend="Rate limit of deliveries, over all subscriptions"
          perSecond={form.getInputProps("rate_limit.per_second")}
          burst={form.getInputProps("rate_limit.burst")}
        />
        <Limit
          legend="Rate limit of posted events"
          perSecond={form.getInputProps("ingest_rate_limit.per_second")}
          burst={form.getInputProps("ingest_rate_limit.burst")}
        />
        <Fieldset legend="Where deliveries may go">
          <Stack gap="sm">
            <TagsInput
              label="Allowed networks"
              description="Allowed although they are private. Enter adds one."
              placeholder="10.1.0.0/16"
              {...form.getInputProps("egress.allow")}
            />
            <TagsInput
              label="Denied networks"
              description="Denied whatever else allows them."
              placeholder="203.0.113.0/24"
              {...form.getInputProps("egress.deny")}
            />
          </Stack>
        </Fieldset>
        <JsonField
          label="Metadata"
          description="An object of yours."
          value={form.values.metadata}
          onChange={(text) => form.setFieldValue("metadata", text)}
          error={form.errors.metadata}
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

interface LimitProps {
  legend: string;
  perSecond: object;
  burst: object;
}

function Limit({ legend, perSecond, burst }: LimitProps) {
  return (
    <Fieldset legend={legend}>
      <SimpleGrid cols={2} spacing="sm">
        <NumberInput label="Per second" placeholder="No limit" min={0} hideControls {...perSecond} />
        <NumberInput label="Burst" placeholder="A tenth of it" min={0} hideControls {...burst} />
      </SimpleGrid>
    </Fieldset>
  );
}
