import { Skeleton, Stack, Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { attemptsQuery, type Delivery } from "../../api/deliveries";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { When } from "../../ui/When";
import { useApi } from "../../routes/tenant";
import { AttemptCard } from "./AttemptCard";
import { useSentBody } from "./sentBody";
import { SignatureCheck, useSignatureCheck } from "./SignatureCheck";

/** A delivery's attempts in the order in which they were made. */
export function Attempts({ delivery }: { delivery: Delivery }) {
  const attempts = useQuery(attemptsQuery(useApi(), delivery.id, delivery.attempt_count));
  const body = useSentBody(delivery);
  const check = useSignatureCheck(delivery);

  if (attempts.isError) return <ProblemAlert error={attempts.error} retry={() => void attempts.refetch()} />;
  if (attempts.isPending) return <Skeleton height={160} />;
  const rows = attempts.data.data;
  if (rows.length === 0) return <Text>None yet.</Text>;
  return (
    <Stack>
      <SignatureCheck check={check} attempts={rows} body={body} />
      <Timeline active={rows.length} bulletSize={20} mt="sm">
        {rows.map((attempt, at) => (
          <Timeline.Item key={attempt.id} color={attempt.failure_reason === null ? "green" : "red"}>
            <AttemptCard
              attempt={attempt}
              before={rows[at - 1]}
              body={body}
              checks={check.data?.[attempt.id]}
              open={at === rows.length - 1}
            />
          </Timeline.Item>
        ))}
        {delivery.next_attempt_at !== null && (
          <Timeline.Item color="gray" lineVariant="dashed">
            <Text size="sm">
              Next attempt: <When at={delivery.next_attempt_at} />
            </Text>
          </Timeline.Item>
        )}
      </Timeline>
    </Stack>
  );
}
