import { useForm, type UseFormReturnType } from "@mantine/form";
import { useEffect, useRef, useState } from "react";
import { asProblem, type Fault } from "../../../api/problem";
import type { StoredSubscription } from "../../../api/subscriptions";
import { faultsOf, groupsWith, sortFaults, type Group } from "./faults";
import type { Values } from "./values";

export type SubscriptionForm = UseFormReturnType<Values>;

/** The form's values, its faults, and which parts of it are open: one with a fault opens by itself. */
export function useSubscriptionForm(before: StoredSubscription | null, initial: () => Values) {
  const [initialValues] = useState(initial);
  const [opened, setOpened] = useState<Group[]>([]);
  const [rest, setRest] = useState<Fault[]>([]);
  const [refusals, setRefusals] = useState(0);
  const root = useRef<HTMLFormElement>(null);
  const form = useForm<Values>({
    initialValues,
    validateInputOnBlur: true,
    validate: (values) => faultsOf(before, values),
  });

  function open(faults: Partial<Record<string, unknown>>) {
    setOpened((now) => [...new Set([...now, ...groupsWith(faults)])]);
    setRefusals((now) => now + 1);
  }

  function refuse(error: unknown) {
    const sorted = sortFaults(asProblem(error), form.getValues());
    form.setErrors(sorted.fields);
    setRest(sorted.rest);
    open(sorted.fields);
  }

  // Whoever pressed the button is led to what has to be changed, once it is there to be gone to.
  useEffect(() => {
    if (refusals === 0) return;
    const frame = requestAnimationFrame(() =>
      root.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
    return () => cancelAnimationFrame(frame);
  }, [refusals]);

  return { form, root, rest, opened, setOpened, open, refuse };
}
