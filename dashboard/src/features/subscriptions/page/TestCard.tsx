import { Button, Card, Group, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { testSubscription } from "../../../api/subscriptions";
import { ProblemAlert } from "../../../ui/ProblemAlert";
import { text } from "../../../lib/params";
import { useApi } from "../../../routes/tenant";
import { AttemptCard } from "../../deliveries/AttemptCard";

/** Sends one example and shows what came back. */
export function TestCard({ id }: { id: string }) {
  const api = useApi();
  const [type, setType] = useState("");
  const test = useMutation({ mutationFn: () => testSubscription(api, id, text(type)) });
  return (
    <Card withBorder>
      <Title order={2} mb="xs">
        Test event
      </Title>
      <Group
        component="form"
        align="end"
        mb="sm"
        onSubmit={(event) => {
          event.preventDefault();
          test.mutate();
        }}
      >
        <TextInput
          label="Event type"
          description="Its example of the catalogue is sent"
          placeholder="The standard one"
          value={type}
          onChange={(event) => setType(event.currentTarget.value)}
        />
        <Button type="submit" loading={test.isPending}>
          Send test event
        </Button>
      </Group>
      <div aria-live="polite">
        {test.isError && <ProblemAlert error={test.error} />}
        {test.data && <AttemptCard attempt={test.data} body={null} />}
      </div>
    </Card>
  );
}
