import { Button, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useMutation } from "@tanstack/react-query";
import {
  choiceOf,
  countDeadLetters,
  discardDeadLetters,
  replayDeadLetters,
  type Choice,
  type DeadLetterFilters,
} from "../../api/deadLetters";
import { count } from "../../ui/figures";
import { reportDone, reportProblem } from "../../ui/report";
import { useNamesTenant } from "../../routes/namesTenant";
import { useApi } from "../../routes/tenant";

type Verb = "replay" | "discard";

/** Replays or discards all that the filters choose: counts first, and acts on what was counted once that is agreed to. */
export function Bulk({ filters }: { filters: DeadLetterFilters }) {
  const api = useApi();
  const named = useNamesTenant();

  const act = useMutation({
    mutationFn: async ({ verb, choice }: { verb: Verb; choice: Choice }) => {
      if (verb === "replay") {
        await replayDeadLetters(api, choice);
        return "The replay is running: see Replays for how far it is.";
      }
      const { discarded } = await discardDeadLetters(api, choice);
      return `${count(discarded)} dead letters are discarded.`;
    },
    onSuccess: reportDone,
    onError: reportProblem,
  });

  const ask = useMutation({
    mutationFn: async (verb: Verb) => {
      const choice = choiceOf(filters, new Date());
      return { verb, choice, matched: await countDeadLetters(api, choice) };
    },
    onSuccess: ({ verb, choice, matched }) => {
      const what = `${count(matched)} dead ${matched === 1 ? "letter" : "letters"}`;
      if (matched === 0) {
        reportDone("No dead letter fits these filters.");
        return;
      }
      modals.openConfirmModal({
        title: verb === "replay" ? `Replay ${what}?` : `Discard ${what}?`,
        children: <Text size="sm">{explained(verb, what)}</Text>,
        labels: { confirm: verb === "replay" ? `Replay ${what}` : `Discard ${what}`, cancel: "Keep them" },
        confirmProps: { color: verb === "discard" ? "red" : undefined },
        onConfirm: () => act.mutate({ verb, choice }),
      });
    },
    onError: reportProblem,
  });

  if (!named) {
    return (
      <Text size="sm" c="dimmed">
        Choose a tenant to replay or discard many.
      </Text>
    );
  }
  if (filters.event_id !== undefined) return null; // Many cannot be chosen by one event.
  const busy = act.isPending || ask.isPending;
  return (
    <>
      <Button size="xs" loading={busy} onClick={() => ask.mutate("replay")}>
        Replay all that fit…
      </Button>
      <Button size="xs" color="red" variant="light" loading={busy} onClick={() => ask.mutate("discard")}>
        Discard all that fit…
      </Button>
    </>
  );
}

function explained(verb: Verb, what: string): string {
  return verb === "replay"
    ? `A new delivery is made for each event and subscription among the ${what} that these filters choose.`
    : `The ${what} that these filters choose are given up. They stay in the history of their events.`;
}
