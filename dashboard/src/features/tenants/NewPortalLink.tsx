import { Button, Group, Radio, Select, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { createPortalLink, type NewPortalLink as Asked } from "../../api/portalLinks";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { When } from "../../ui/When";

const lastings = [
  { value: "900", label: "15 minutes" },
  { value: "3600", label: "1 hour" },
  { value: "28800", label: "8 hours" },
  { value: "86400", label: "24 hours" },
];

interface Props {
  tenant: string;
  onClose: () => void;
}

export function NewPortalLink({ tenant, onClose }: Props) {
  const [permissions, setPermissions] = useState<Asked["permissions"]>("read");
  const [lasting, setLasting] = useState("3600");
  const make = useMutation({
    mutationFn: () => createPortalLink(tenant, { permissions, expires_in_s: Number(lasting) }),
  });

  if (make.data !== undefined) {
    const { url, expires_at } = make.data;
    return (
      <Stack aria-live="polite">
        <Text size="sm">
          This is the link. It is shown only now, and whoever has it is let in until <When at={expires_at} />.
        </Text>
        <CodeBlock label="Portal link" text={url} />
        <Group justify="flex-end">
          <CopyText label="Copy link" text={url} />
          <Button
            component="a"
            href={url}
            target="_blank"
            rel="noopener noreferrer"
            variant="default"
            size="xs"
          >
            Open the portal
          </Button>
          <Button size="xs" onClick={onClose}>
            Close
          </Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Stack gap="sm">
        <Radio.Group
          label="Who opens it may"
          value={permissions}
          onChange={(chosen) => setPermissions(chosen === "write" ? "write" : "read")}
        >
          <Stack gap="xs" mt={4}>
            <Radio
              value="read"
              label="read"
              description="See the tenant's events, deliveries and subscriptions, but no secrets."
            />
            <Radio
              value="write"
              label="read and change"
              description="Also keep its subscriptions and their secrets, and send again what failed."
            />
          </Stack>
        </Radio.Group>
        <Select
          label="For"
          data={lastings}
          value={lasting}
          onChange={(chosen) => setLasting(chosen ?? lasting)}
          allowDeselect={false}
        />
        {make.isError && <ProblemAlert error={make.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={make.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
