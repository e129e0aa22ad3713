import { Button, Card, Group, Modal, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import type { Schemas } from "../../../api/client";
import { readSecret, type Subscription } from "../../../api/subscriptions";
import { ActionButton } from "../../../ui/ActionButton";
import { reportDone } from "../../../ui/report";
import { When } from "../../../ui/When";
import { useApi } from "../../../routes/tenant";
import { RotateSecret } from "./RotateSecret";
import { ShownSecret } from "./ShownSecret";

interface Props {
  subscription: Subscription;
  /** As long as it is shown. */
  secret: Schemas["Secret"] | null;
  onSecret: (secret: Schemas["Secret"] | null) => void;
}

/** Shows the secret when asked to, and makes a new one. */
export function SecretCard({ subscription, secret, onSecret }: Props) {
  const api = useApi();
  const [rotating, { open, close }] = useDisclosure();
  const [until, setUntil] = useState<Date | null>(null);
  const name = subscription.signing.algorithm === "ed25519" ? "Public key" : "Secret";
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2}>{name}</Title>
        <Group gap="xs">
          {secret === null ? (
            <ActionButton label="Reveal" run={() => readSecret(api, subscription.id)} onDone={onSecret} />
          ) : (
            <Button size="xs" variant="default" onClick={() => onSecret(null)}>
              Hide
            </Button>
          )}
          <Button size="xs" variant="light" color="red" onClick={open}>
            Rotate
          </Button>
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
        {until !== null && (
          <Text size="sm" mt="xs">
            The former one signs beside it until <When at={until.toISOString()} />.
          </Text>
        )}
      </div>
      <Modal opened={rotating} onClose={close} title={`Rotate the ${name.toLowerCase()}`}>
        <RotateSecret
          subscription={subscription}
          onDone={(rotated) => {
            onSecret(rotated.secret);
            setUntil(rotated.until);
            reportDone("It is rotated.");
            close();
          }}
          onClose={close}
        />
      </Modal>
    </Card>
  );
}
