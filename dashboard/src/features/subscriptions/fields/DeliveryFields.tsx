import { Fieldset, NumberInput, Select, SimpleGrid, Switch, TagsInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { SubscriptionForm } from "../form/useSubscriptionForm";
import { HeaderRows } from "./HeaderRows";

/** How requests are made: one by one or in batches, how many, how fast, and again. */
export function DeliveryFields({ form, reveal }: { form: SubscriptionForm; reveal: ReactNode }) {
  const { delivery } = form.values;
  const isBatch = delivery.mode === "batch";

  function choose(mode: string | null) {
    if (mode !== "batch") {
      form.setFieldValue("delivery.mode", "single");
      return;
    }
    // Both have to be given, and have no default.
    form.setFieldValue("delivery", {
      mode,
      max_events: delivery.max_events === "" ? 100 : delivery.max_events,
      max_wait_ms: delivery.max_wait_ms === "" ? 2_000 : delivery.max_wait_ms,
    });
  }

  return (
    <>
      <Select
        label="Mode"
        description="A batch has a form of its own: it goes with the standard format, without template and order."
        data={[
          { value: "single", label: "single: an event in each request" },
          { value: "batch", label: "batch: many events in one request" },
        ]}
        allowDeselect={false}
        {...form.getInputProps("delivery.mode")}
        onChange={choose}
      />
      {isBatch && (
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <NumberInput
            label="Events in a batch, at most"
            description="2 to 1000"
            min={0}
            withAsterisk
            {...form.getInputProps("delivery.max_events")}
          />
          <NumberInput
            label="Longest wait for one, ms"
            description="0 to 60000"
            min={0}
            withAsterisk
            {...form.getInputProps("delivery.max_wait_ms")}
          />
        </SimpleGrid>
      )}
      <Switch
        label="Ordered: one delivery at a time, in the order of the events"
        {...form.getInputProps("ordered", { type: "checkbox" })}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <NumberInput
          label="Timeout, ms"
          description="Of a whole attempt: 100 to 60000"
          placeholder="15000"
          min={0}
          {...form.getInputProps("timeout_ms")}
        />
        <NumberInput
          label="Most in flight"
          description="Requests at the same time: 1 to 1000"
          placeholder="64"
          min={0}
          {...form.getInputProps("max_in_flight")}
        />
      </SimpleGrid>
      <Fieldset legend="Rate limit">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <NumberInput
            label="Attempts per second"
            placeholder="No limit"
            min={0}
            {...form.getInputProps("rate_limit.per_second")}
          />
          <NumberInput
            label="Burst"
            placeholder="A tenth of it"
            min={0}
            {...form.getInputProps("rate_limit.burst")}
          />
        </SimpleGrid>
      </Fieldset>
      <Fieldset legend="Retries">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TagsInput
            label="Waits between attempts"
            description="Such as 5s, 2m, 1h; Enter adds one. None: the default."
            placeholder="30s"
            allowDuplicates
            {...form.getInputProps("retry.schedule_s")}
          />
          <NumberInput
            label="Jitter"
            description="How far a wait varies: 0.2 is 20 % up or down."
            placeholder="0.2"
            min={0}
            step={0.1}
            {...form.getInputProps("retry.jitter")}
          />
        </SimpleGrid>
      </Fieldset>
      <HeaderRows form={form} reveal={reveal} />
    </>
  );
}
