import { Button, Fieldset, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem, fieldErrors } from "../../../api/problem";
import { testFilter, type FilterTrial } from "../../../api/subscriptions";
import { jsonFault } from "../../../lib/jsonFault";
import { ProblemAlert } from "../../../ui/ProblemAlert";
import { useApi } from "../../../routes/tenant";
import { FilterFault } from "./FilterFault";
import { OneEvent, type Draft } from "./OneEvent";

type On = "last" | "one";

/** Tells how many of the last events a subscription would get, or whether it would get one that is given. */
export function FilterTester({ filter, eventTypes }: { filter: string; eventTypes: string[] }) {
  const api = useApi();
  const [on, setOn] = useState<On>("last");
  const [draft, setDraft] = useState<Draft>({ type: "", data: "", metadata: "" });
  const trial = trialOf(filter, eventTypes, on === "one" ? draft : null);
  const test = useMutation({ mutationFn: (tried: FilterTrial) => testFilter(api, tried) });
  // What was told of another filter or event is not this one's.
  const isCurrent = JSON.stringify(test.variables) === JSON.stringify(trial);
  const told = sorted(isCurrent ? test.error : null);

  const button = (
    <Button
      size="xs"
      variant="default"
      w="fit-content"
      loading={test.isPending}
      disabled={on === "one" && !isReady(draft)}
      onClick={() => test.mutate(trial)}
    >
      Try the filter
    </Button>
  );

  return (
    <Fieldset legend="Try it">
      <Stack gap="sm">
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Try it on"
            data={[
              { value: "last", label: "The last 100 events" },
              { value: "one", label: "One event" },
            ]}
            value={on}
            onChange={(value) => setOn(value === "one" ? "one" : "last")}
          />
          {on === "last" && button}
        </Group>
        {on === "one" && (
          <>
            <OneEvent value={draft} onChange={setDraft} errors={told.event} />
            {button}
          </>
        )}
        <div aria-live="polite">
          {isCurrent && test.data && <Outcome answer={test.data} filter={filter} />}
          {told.filter !== undefined && <FilterFault filter={filter} detail={told.filter} />}
          {told.isElsewhere && <ProblemAlert error={test.error} faults={told.rest} />}
        </div>
      </Stack>
    </Fieldset>
  );
}

function Outcome({ answer, filter }: { answer: Awaited<ReturnType<typeof testFilter>>; filter: string }) {
  if ("tested" in answer) {
    return (
      <Text size="sm">
        {answer.tested === 0
          ? "There is no event yet to test it on."
          : `It matches ${answer.matched} of the last ${answer.tested} events.`}
      </Text>
    );
  }
  if (answer.error) {
    return <Text size="sm">It does not match: the filter fails on this event. {sentence(answer.error)}</Text>;
  }
  if (answer.matches) return <Text size="sm">It matches.</Text>;
  return (
    <Text size="sm">
      {filter.trim() === ""
        ? "It does not match: the type is none of the event types."
        : "It does not match: the type is none of the event types, or the filter is false."}
    </Text>
  );
}

function trialOf(filter: string, event_types: string[], draft: Draft | null): FilterTrial {
  const event = draft && {
    type: draft.type.trim(),
    data: draft.data.trim(),
    metadata: draft.metadata.trim() === "" ? null : draft.metadata,
  };
  return { filter: filter.trim() === "" ? null : filter, event_types, event };
}

function isReady({ type, data, metadata }: Draft): boolean {
  return type.trim() !== "" && data.trim() !== "" && jsonFault(data) === null && jsonFault(metadata) === null;
}

/** To the filter and the event, in which its faults are told; what is left is told as every problem is. */
function sorted(error: unknown) {
  if (error === null) return { event: {}, filter: undefined, rest: [], isElsewhere: false };
  const problem = asProblem(error);
  const { fields, rest } = fieldErrors(problem, ["filter", "event.type", "event.data", "event.metadata"]);
  const event = {
    type: fields["event.type"],
    data: fields["event.data"],
    metadata: fields["event.metadata"],
  };
  return { event, filter: fields.filter, rest, isElsewhere: rest.length > 0 || problem.errors.length === 0 };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
