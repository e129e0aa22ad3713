import { Button, Text, type ButtonProps } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useMutation } from "@tanstack/react-query";
import { reportDone, reportProblem } from "./report";

interface Props<T> extends Omit<ButtonProps, "children"> {
  label: string;
  /** What it will do, when that is asked before. */
  confirm?: string;
  run: () => Promise<T>;
  /** What to say and do once it is done. */
  done?: string;
  onDone?: (result: T) => unknown;
}

/** A button for one act at the server: asks first if need be, tells what came of it, and is not pressed twice. */
export function ActionButton<T>({ label, confirm, run, done, onDone, ...button }: Props<T>) {
  const act = useMutation({
    mutationFn: run,
    onError: reportProblem,
    onSuccess: async (result) => {
      if (done !== undefined) reportDone(done);
      await onDone?.(result);
    },
  });

  function press() {
    if (confirm === undefined) {
      act.mutate();
      return;
    }
    modals.openConfirmModal({
      title: `${label}?`,
      children: <Text size="sm">{confirm}</Text>,
      labels: { confirm: label, cancel: "Keep as it is" },
      confirmProps: { color: button.color },
      onConfirm: () => act.mutate(),
    });
  }

  return (
    <Button
      size="xs"
      variant={button.color === undefined ? "default" : "light"}
      {...button}
      loading={act.isPending}
      onClick={press}
    >
      {label}
    </Button>
  );
}
