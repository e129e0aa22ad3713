import { Card, Group, MultiSelect, NumberInput, SimpleGrid, Stack, TagsInput, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { failureReasons } from "../../api/deliveries";
import { asProblem, fieldErrors, type FieldErrors } from "../../api/problem";
import { createReplay, replayCount, replayedStatuses, type NewReplay as Asked } from "../../api/replays";
import { lengthText } from "../../lib/length";
import { someOf, texts } from "../../lib/params";
import { ActionButton } from "../../ui/ActionButton";
import { count } from "../../ui/figures";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { SubscriptionPicker } from "../../ui/SubscriptionPicker";
import { instantText } from "../../ui/When";
import { useNamesTenant } from "../../routes/namesTenant";
import { useApi } from "../../routes/tenant";
import { askedOf } from "./draft";
import type { ReplayDraft } from "./search";
import { WindowPicker } from "./WindowPicker";

const route = getRouteApi("/shell/replays/new");
const SETTLED_MS = 300;
const STANDARD_RATE = 300;
const fields = ["rate_per_second", "event_types", "statuses", "failure_reasons"];

/** Chooses what to send again, tells how many that are, and starts it once that is agreed to. */
export function NewReplay() {
  const named = useNamesTenant();
  return (
    <>
      <PageHead title="New replay" />
      {named ? (
        <Draft />
      ) : (
        <Text>Choose a tenant in the header: a replay is of one tenant's deliveries.</Text>
      )}
    </>
  );
}

function Draft() {
  const { tenant: _tenant, ...draft } = route.useSearch();
  const navigate = route.useNavigate();
  const api = useApi();
  // "The last hour" is the one before it was chosen, so that what was counted is what is sent.
  const [now, setNow] = useState(() => new Date());
  const asked = askedOf(draft, now);
  const counted = useCount(asked);

  function change(next: ReplayDraft) {
    if ("range" in next) setNow(new Date());
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  }

  return (
    <Stack>
      <Card withBorder>
        <WindowPicker draft={draft} window={asked} now={now} onChange={change} />
      </Card>
      <Card withBorder>
        <Fields draft={draft} faults={counted.faults} onChange={change} />
      </Card>
      {counted.isError && (
        <ProblemAlert
          error={counted.error}
          faults={counted.faults.rest}
          retry={() => void counted.refetch()}
        />
      )}
      <Group justify="space-between" align="center">
        <Text aria-live="polite">{counted.told}</Text>
        <ActionButton
          size="sm"
          variant="filled"
          label={counted.matched === undefined ? "Replay" : `Replay ${count(counted.matched)}`}
          disabled={counted.matched === undefined || counted.matched === 0}
          confirm={`${counted.told} ${inWords(asked)}`}
          run={() => createReplay(api, asked)}
          done="The replay is running: this is its page."
          onDone={({ id }) => navigate({ to: "/replays/$id", params: { id } })}
        />
      </Group>
    </Stack>
  );
}

/** How many deliveries would be made, counted once the draft has rested for a moment. */
function useCount(asked: Asked) {
  const written = JSON.stringify(asked);
  const [rested] = useDebouncedValue(written, SETTLED_MS);
  const query = useQuery({ ...replayCount(useApi(), asked), enabled: rested === written });
  const faults: FieldErrors = query.isError
    ? fieldErrors(asProblem(query.error), fields)
    : { fields: {}, rest: [] };
  const matched = query.data;
  const rate = asked.rate_per_second ?? STANDARD_RATE;
  const told = query.isError ? "" : matched === undefined ? "Counting…" : countText(matched, rate);
  return { ...query, matched, faults, told };
}

function countText(matched: number, rate: number): string {
  if (matched === 0) return "No delivery would be made: nothing in this window fits.";
  const deliveries = matched === 1 ? "delivery" : "deliveries";
  const made = `${count(matched)} ${deliveries} would be made`;
  return `${made}, which takes ${lengthText((1_000 * matched) / rate)} at ${count(rate)} per second.`;
}

function inWords({ from, to, statuses, failure_reasons, subscription_id, event_types }: Asked): string {
  const parts = [
    `From ${instantText(from)} to ${instantText(to)}`,
    `what is ${(statuses ?? []).join(" or ")}`,
    ...(failure_reasons ? [`failed by ${failure_reasons.join(" or ")}`] : []),
    event_types ? `of ${event_types.join(", ")}` : "of every event type",
    subscription_id ? `at ${subscription_id}` : "at every subscription",
  ];
  return `${parts.join(", ")}.`;
}

interface FieldsProps {
  draft: ReplayDraft;
  faults: FieldErrors;
  onChange: (change: ReplayDraft) => void;
}

function Fields({ draft, faults, onChange }: FieldsProps) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" style={{ alignItems: "end" }}>
      <MultiSelect
        label="Deliveries that are"
        description="missing: the event matches the subscription now and has no delivery there"
        data={replayedStatuses}
        value={draft.statuses ?? ["failed"]}
        error={faults.fields.statuses}
        onChange={(chosen) => onChange({ statuses: someOf(chosen, replayedStatuses) })}
      />
      <MultiSelect
        label="Failure reason"
        description="Of those that failed"
        placeholder={draft.failure_reason === undefined ? "Any" : undefined}
        data={failureReasons}
        value={draft.failure_reason ?? []}
        error={faults.fields.failure_reasons}
        disabled={draft.statuses?.includes("failed") === false}
        onChange={(chosen) => onChange({ failure_reason: someOf(chosen, failureReasons) })}
        clearable
      />
      <SubscriptionPicker
        value={draft.subscription_id}
        onChange={(subscription_id) => onChange({ subscription_id })}
      />
      <TagsInput
        label="Event types"
        description="Enter adds one, such as order.*; none means every type"
        value={draft.event_type ?? []}
        error={faults.fields.event_types}
        onChange={(chosen) => onChange({ event_type: texts(chosen) })}
        acceptValueOnBlur
      />
      <Rate
        key={draft.rate ?? ""}
        value={draft.rate}
        error={faults.fields.rate_per_second}
        onCommit={(rate) => onChange({ rate })}
      />
    </SimpleGrid>
  );
}

interface RateProps {
  value: string | undefined;
  error: string | undefined;
  onCommit: (value: string | undefined) => void;
}

/** Counts once it is finished: on the way to "0.5" there is a "0". */
function Rate({ value, error, onCommit }: RateProps) {
  const [typed, setTyped] = useState<string | number>(value ?? "");
  const commit = () => {
    const rate = Number(typed) > 0 ? String(typed) : undefined;
    if (rate !== value) onCommit(rate);
  };
  return (
    <NumberInput
      label="Most per second"
      description="First attempts, evenly spread"
      placeholder={String(STANDARD_RATE)}
      min={0}
      value={typed}
      error={error}
      onChange={setTyped}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
    />
  );
}
