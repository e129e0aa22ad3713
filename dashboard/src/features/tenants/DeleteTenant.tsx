import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { deleteTenant, type Tenant } from "../../api/tenants";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { reportDone } from "../../ui/report";

interface Props {
  tenant: Tenant;
  onDone: () => unknown;
}

/** Deletion cannot be taken back, so the tenant's name has to be typed for it. */
export function DeleteTenant({ tenant, onDone }: Props) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button size="xs" variant="light" color="red" onClick={open}>
        Delete
      </Button>
      <Modal opened={opened} onClose={close} title={`Delete ${tenant.name}?`}>
        <Confirm tenant={tenant} onDone={onDone} onClose={close} />
      </Modal>
    </>
  );
}

function Confirm({ tenant: { id, name }, onDone, onClose }: Props & { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const erase = useMutation({
    mutationFn: () => deleteTenant(id),
    onSuccess: async () => {
      reportDone(`${name} is deleted.`);
      await onDone();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typed === name) erase.mutate();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">
          Everything of it stops at once: its keys and portal links are refused, and nothing is delivered any
          more. Its subscriptions, events and deliveries are erased within a day. This cannot be taken back.
        </Text>
        <TextInput
          label={`Type its name to delete it: ${name}`}
          autoComplete="off"
          data-autofocus
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {erase.isError && <ProblemAlert error={erase.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button type="submit" color="red" disabled={typed !== name} loading={erase.isPending}>
            Delete the tenant
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
