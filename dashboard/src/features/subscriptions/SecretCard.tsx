import { Button, Card, Group, Text, Title } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { readSecret, rotateSecret } from "../../api/subscriptions";
import { ActionButton } from "../../ui/ActionButton";
import { useApi } from "../../routes/tenant";
import { ShownSecret } from "./ShownSecret";

/** Shows the secret when asked to, and makes a new one. */
export function SecretCard({ id }: { id: string }) {
  const api = useApi();
  const [secret, setSecret] = useState<Schemas["Secret"] | null>(null);
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2}>Secret</Title>
        <Group gap="xs">
          {secret === null ? (
            <ActionButton label="Reveal" run={() => readSecret(api, id)} onDone={setSecret} />
          ) : (
            <Button size="xs" variant="default" onClick={() => setSecret(null)}>
              Hide
            </Button>
          )}
          <ActionButton
            label="Rotate"
            color="red"
            confirm="A new secret is made. For 24 hours the old one signs beside it, so that the receiver can be changed meanwhile."
            run={() => rotateSecret(api, id)}
            onDone={setSecret}
            done="The secret is rotated."
          />
        </Group>
      </Group>
      <div aria-live="polite">
        {secret === null ? (
          <Text size="sm" c="dimmed">
            Reading it is noted in the audit log.
          </Text>
        ) : (
          <ShownSecret secret={secret} />
        )}
      </div>
    </Card>
  );
}
