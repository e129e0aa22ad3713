import { Button, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useMutation } from "@tanstack/react-query";
import {
  choiceOf,
  countDeadLetters,
  countReplayed,
  discardDeadLetters,
  replayDeadLetters,
  type Choice,
  type DeadLetterFilters,
} from "../../api/deadLetters";
import type { Api } from "../../api/client";
import type { Replay } from "../../api/replays";
import { count } from "../../ui/figures";
import { reportDone, reportProblem } from "../../ui/report";
import { useNamesTenant } from "../../routes/namesTenant";
import { useApi } from "../../routes/tenant";

interface Asked {
  verb: "replay" | "discard";
  choice: Choice;
  /** How many that are, in words. */
  what: string;
}

interface Props {
  filters: DeadLetterFilters;
  onReplay: (replay: Replay) => void;
}

/** Replays or discards all that the filters choose: counts first, and acts on what was counted once that is agreed to. */
export function Bulk({ filters, onReplay }: Props) {
  const api = useApi();
  const named = useNamesTenant();

  const replay = useMutation({
    mutationFn: (choice: Choice) => replayDeadLetters(api, choice),
    onSuccess: onReplay,
    onError: reportProblem,
  });

  const discard = useMutation({
    mutationFn: (choice: Choice) => discardDeadLetters(api, choice),
    onSuccess: ({ discarded }) =>
      reportDone(
        discarded === 1 ? "1 dead letter is discarded." : `${count(discarded)} dead letters are discarded.`,
      ),
    onError: reportProblem,
  });

  const ask = useMutation({
    mutationFn: (verb: Asked["verb"]) => counted(api, verb, choiceOf(filters, new Date())),
    onSuccess: (asked) => {
      if (asked === null) {
        reportDone("No dead letter fits these filters.");
        return;
      }
      const { verb, choice, what } = asked;
      const label = verb === "replay" ? `Replay as ${what}` : `Discard ${what}`;
      modals.openConfirmModal({
        title: `${label}?`,
        children: <Text size="sm">{explained(verb)}</Text>,
        labels: { confirm: label, cancel: "Keep them" },
        confirmProps: { color: verb === "discard" ? "red" : undefined },
        onConfirm: () => (verb === "replay" ? replay : discard).mutate(choice),
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
  const busy = replay.isPending || discard.isPending || ask.isPending;
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

/** `null`: there are none. */
async function counted(api: Api, verb: Asked["verb"], choice: Choice): Promise<Asked | null> {
  if (verb === "replay") {
    const number = await countReplayed(api, choice);
    const what = number === 1 ? "1 delivery" : `${count(number)} deliveries`;
    return number === 0 ? null : { verb, choice, what };
  }
  const { number, atLeast } = await countDeadLetters(api, choice);
  const letters = number === 1 ? "1 dead letter" : `${count(number)} dead letters`;
  return number === 0 ? null : { verb, choice, what: atLeast ? `at least ${letters}` : letters };
}

function explained(verb: Asked["verb"]): string {
  return verb === "replay"
    ? "A new delivery is made for each event and subscription among the dead letters that these filters choose."
    : "The dead letters that these filters choose are given up. They stay in the history of their events.";
}
