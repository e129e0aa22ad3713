import { Button, Group, MultiSelect, NumberInput, Stack, TagsInput, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { countReplay, createReplay, replayedStatuses, type NewReplay as Asked } from "../../api/replays";
import { count } from "../../ui/figures";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { reportDone } from "../../ui/report";
import { SubscriptionPicker } from "../../ui/SubscriptionPicker";
import { closedWindow, type TimeSearch } from "../../ui/time-range/range";
import { TimeRange } from "../../ui/time-range/TimeRange";
import { someOf } from "../../lib/params";
import { useApi } from "../../routes/tenant";

const STANDARD = "24h";

/** Chooses what to send again, tells how many that are, and starts it once that is agreed to. */
export function NewReplay({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const [time, setTime] = useState<TimeSearch>({});
  const [statuses, setStatuses] = useState<Asked["statuses"]>(["failed"]);
  const [subscription, setSubscription] = useState<string>();
  const [types, setTypes] = useState<string[]>([]);
  const [rate, setRate] = useState<number | string>("");

  const counted = useMutation({
    mutationFn: async (asked: Asked) => ({ asked, matched: await countReplay(api, asked) }),
  });
  const start = useMutation({
    mutationFn: (asked: Asked) => createReplay(api, asked),
    onSuccess: () => {
      reportDone("The replay is running.");
      onClose();
    },
  });

  /** Any change asks for another count. */
  function changing<T>(set: (value: T) => void) {
    return (value: T) => {
      counted.reset();
      set(value);
    };
  }

  function ask() {
    counted.mutate({
      ...closedWindow(time, new Date(), STANDARD),
      statuses,
      subscription_id: subscription,
      event_types: types.length === 0 ? undefined : types,
      rate_per_second: typeof rate === "number" ? rate : undefined,
    });
  }

  return (
    <Stack gap="sm">
      <TimeRange value={time} onChange={changing(setTime)} standard={STANDARD} />
      <MultiSelect
        label="Deliveries that are"
        description="missing: the event matches the subscription now and has no delivery there"
        data={replayedStatuses}
        value={statuses ?? []}
        onChange={changing((chosen: string[]) => setStatuses(someOf(chosen, replayedStatuses)))}
      />
      <SubscriptionPicker value={subscription} onChange={changing(setSubscription)} />
      <TagsInput
        label="Event types"
        description="Enter adds one; none means every type"
        value={types}
        onChange={changing(setTypes)}
      />
      <NumberInput
        label="Most per second"
        placeholder="300"
        min={0}
        value={rate}
        onChange={changing(setRate)}
      />
      {counted.isError && <ProblemAlert error={counted.error} />}
      {start.isError && <ProblemAlert error={start.error} />}
      <Text size="sm" aria-live="polite">
        {counted.data && `${count(counted.data.matched)} deliveries would be made.`}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        {counted.data === undefined ? (
          <Button loading={counted.isPending} disabled={statuses === undefined} onClick={ask}>
            Count
          </Button>
        ) : (
          <Button
            loading={start.isPending}
            disabled={counted.data.matched === 0}
            onClick={() => start.mutate(counted.data.asked)}
          >
            Replay {count(counted.data.matched)}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
