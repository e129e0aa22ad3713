import { Button, Group, Loader, Modal, Popover, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { collectAudit, MOST_COLLECTED, type AuditEntry, type AuditFilters } from "../../api/audit";
import { useApi } from "../../routes/tenant";
import { saveText } from "../../ui/download";
import { count } from "../../ui/figures";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { csvOf } from "./csv";

interface Props {
  filters: AuditFilters;
  /** The entries that are shown. */
  shown: AuditEntry[];
}

/** The log as a file: what is shown for a spreadsheet, or all that the filters let pass. */
export function Download({ filters, shown }: Props) {
  const [opened, setOpened] = useState(false);
  const [collecting, setCollecting] = useState(false);
  return (
    <>
      <Popover opened={opened} onChange={setOpened} trapFocus returnFocus position="bottom-end">
        <Popover.Target>
          <Button variant="default" onClick={() => setOpened(!opened)}>
            Download
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={4} aria-label="Download">
          <Stack gap={0}>
            <Button
              variant="subtle"
              justify="start"
              disabled={shown.length === 0}
              onClick={() => {
                setOpened(false);
                saveText("audit-log.csv", "text/csv", csvOf(shown));
              }}
            >
              The {count(shown.length)} shown, as CSV
            </Button>
            <Button
              variant="subtle"
              justify="start"
              onClick={() => {
                setOpened(false);
                setCollecting(true);
              }}
            >
              All that fit, as JSON lines
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <Modal
        opened={collecting}
        onClose={() => setCollecting(false)}
        closeOnClickOutside={false}
        title="Download the audit log"
      >
        <Collect filters={filters} onClose={() => setCollecting(false)} />
      </Modal>
    </>
  );
}

function Collect({ filters, onClose }: { filters: AuditFilters; onClose: () => void }) {
  const api = useApi();
  const [collected, setCollected] = useState(0);
  const abort = useRef<AbortController>(null);
  const collect = useMutation({
    mutationFn: async () => {
      const controller = new AbortController();
      abort.current = controller;
      setCollected(0);
      const { entries, more } = await collectAudit(api, filters, controller.signal, setCollected);
      saveText("audit-log.ndjson", "application/x-ndjson", entries.map((entry) => `${entry}\n`).join(""));
      return { entries: entries.length, more };
    },
  });

  function stop() {
    abort.current?.abort();
    onClose();
  }

  return (
    <Stack gap="sm">
      <Text size="sm">
        All entries that the filters let pass, the newest first, one in each line. At most{" "}
        {count(MOST_COLLECTED)} are taken.
      </Text>
      <Group gap="xs" aria-live="polite">
        {collect.isPending && <Loader size="xs" />}
        <Text size="sm">{told(collect.isPending, collected, collect.data)}</Text>
      </Group>
      {collect.isError && <ProblemAlert error={collect.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={stop}>
          {collect.isPending ? "Stop" : "Close"}
        </Button>
        {collect.data === undefined && (
          <Button loading={collect.isPending} onClick={() => collect.mutate()}>
            Download
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function told(isPending: boolean, collected: number, done?: { entries: number; more: boolean }): string {
  if (isPending) return `${count(collected)} entries so far…`;
  if (done === undefined) return "";
  if (done.entries === 0) return "No entry fits: the file is empty.";
  return done.more
    ? `The newest ${count(done.entries)} entries are in the file, and there are more. Choose an earlier time for them.`
    : `All ${count(done.entries)} entries are in the file.`;
}
