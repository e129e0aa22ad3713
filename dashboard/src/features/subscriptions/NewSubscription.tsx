import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { createSubscription } from "../../api/subscriptions";
import { ButtonLink } from "../../ui/links";
import { useApi } from "../../routes/tenant";
import { Fields } from "./Fields";
import { newOf } from "./form/write";
import { ShownSecret } from "./page/ShownSecret";

type Made = Awaited<ReturnType<typeof createSubscription>>;

export function NewSubscription({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const [made, setMade] = useState<Made | null>(null);
  if (made === null) {
    return (
      <Fields
        stored={null}
        submitLabel="Create"
        submit={async (values) => {
          const { rest, metadata } = newOf(values);
          setMade(await createSubscription(api, rest, metadata));
        }}
        onClose={onClose}
      />
    );
  }
  return (
    <Stack aria-live="polite">
      <Text>The subscription is made. Its receiver checks the signatures with this:</Text>
      <ShownSecret secret={made} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <ButtonLink to="/subscriptions/$id" params={{ id: made.id }}>
          Open it and send a test event
        </ButtonLink>
      </Group>
    </Stack>
  );
}
