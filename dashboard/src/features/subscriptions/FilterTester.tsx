import { Button, Group, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { testFilter } from "../../api/subscriptions";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { useApi } from "../../routes/tenant";

/** Tells how many of the last events a filter would have let through. */
export function FilterTester({ filter, eventTypes }: { filter: string; eventTypes: string[] }) {
  const api = useApi();
  const test = useMutation({
    mutationFn: (tried: { filter: string; eventTypes: string[] }) =>
      testFilter(api, tried.filter, tried.eventTypes),
  });
  // What was told of another filter is not this one's.
  const isCurrent = test.variables?.filter === filter && test.variables.eventTypes === eventTypes;

  return (
    <>
      <Group gap="sm" aria-live="polite">
        <Button
          size="xs"
          variant="default"
          loading={test.isPending}
          disabled={filter.trim() === ""}
          onClick={() => test.mutate({ filter, eventTypes })}
        >
          Test on the last events
        </Button>
        {isCurrent && test.data && "tested" in test.data && (
          <Text size="sm">
            {test.data.tested === 0
              ? "There is no event yet to test it on."
              : `It matches ${test.data.matched} of the last ${test.data.tested} events.`}
          </Text>
        )}
      </Group>
      {isCurrent && test.isError && <ProblemAlert error={test.error} />}
    </>
  );
}
