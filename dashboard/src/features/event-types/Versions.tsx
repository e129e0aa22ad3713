import { Badge, Button, Card, Group, Modal, Stack, Tabs, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { changeVersions, type Version } from "../../api/eventTypes";
import { useAllowed } from "../../routes/allowed";
import { useApi } from "../../routes/tenant";
import { pretty } from "../../lib/raw";
import { ActionButton } from "../../ui/ActionButton";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { EditVersion } from "./EditVersion";
import { noVersion, valuesOf } from "./versionForm";

interface Props {
  type: string;
  /** Oldest first, as the catalogue has them. */
  versions: Version[];
  /** The one that is looked at. */
  shown: string | undefined;
  onShow: (version: string | undefined) => void;
}

/** What the data of an event type looks like, version by version, the newest first. */
export function Versions({ type, versions, shown, onShow }: Props) {
  const mayWrite = useAllowed("events:write");
  const [editing, setEditing] = useState<Version | null>(null);
  const [opened, { open, close }] = useDisclosure();
  const newest = versions.at(-1);
  const chosen = versions.find(({ version }) => version === shown) ?? newest;

  function edit(version: Version | null) {
    setEditing(version);
    open();
  }

  function done(version: string) {
    close();
    onShow(version);
  }

  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2}>Versions</Title>
        {mayWrite && (
          <Button size="xs" variant="default" onClick={() => edit(null)}>
            New version
          </Button>
        )}
      </Group>
      {chosen === undefined ? (
        <Text size="sm">It has none: any data will do.</Text>
      ) : (
        <Tabs value={chosen.version} onChange={(version) => onShow(version ?? undefined)} keepMounted={false}>
          <Tabs.List mb="sm">
            {versions.toReversed().map(({ version }) => (
              <Tabs.Tab
                key={version}
                value={version}
                rightSection={version === newest?.version && <Badge size="xs">newest</Badge>}
              >
                {version}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {versions.map((version) => (
            <Tabs.Panel key={version.version} value={version.version}>
              <Panel
                type={type}
                version={version}
                onEdit={() => edit(version)}
                onRemoved={() => onShow(undefined)}
              />
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
      <Modal
        opened={opened}
        onClose={close}
        closeOnClickOutside={false}
        size="xl"
        title={editing === null ? `New version of ${type}` : `Version ${editing.version} of ${type}`}
      >
        <EditVersion
          type={type}
          version={editing?.version}
          // A new version usually differs little from the one before.
          initial={
            editing === null ? { ...(newest ? valuesOf(newest) : noVersion), version: "" } : valuesOf(editing)
          }
          onDone={done}
          onClose={close}
        />
      </Modal>
    </Card>
  );
}

interface PanelProps {
  type: string;
  version: Version;
  onEdit: () => void;
  onRemoved: () => void;
}

function Panel({ type, version: { version, schema, example }, onEdit, onRemoved }: PanelProps) {
  const api = useApi();
  const mayWrite = useAllowed("events:write");
  return (
    <Stack gap="sm">
      <Told title="Schema" version={version} json={schema} none="It has no schema: any data will do." />
      <Told title="Example" version={version} json={example} none="It has no example." />
      {mayWrite && (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onEdit}>
            Edit version
          </Button>
          <ActionButton
            label="Remove version"
            color="red"
            confirm={`Events that name the version ${version} are refused from then on where event types are strict.`}
            run={() =>
              changeVersions(api, type, (before) => before.filter((other) => other.version !== version))
            }
            done="The version is removed."
            onDone={onRemoved}
          />
        </Group>
      )}
    </Stack>
  );
}

interface ToldProps {
  title: string;
  version: string;
  json: string | null;
  none: string;
}

function Told({ title, version, json, none }: ToldProps) {
  const text = json === null ? null : pretty(json);
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Title order={3}>{title}</Title>
        {text !== null && <CopyText text={text} label={`Copy ${title.toLowerCase()}`} />}
      </Group>
      {text === null ? (
        <Text size="sm">{none}</Text>
      ) : (
        <CodeBlock label={`${title} of ${version}`} text={text} />
      )}
    </div>
  );
}
