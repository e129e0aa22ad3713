import { Alert, Button, FileInput, Group, Radio, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { importCatalogue, isJson, starterCatalogue, type Imported, type Mode } from "../../api/catalogue";
import { asProblem, type Fault } from "../../api/problem";
import { jsonFault } from "../../lib/jsonFault";
import { lineOf } from "../../lib/raw";
import { useApi } from "../../routes/tenant";
import { count } from "../../ui/figures";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { ImportOutcome } from "./ImportOutcome";

/** What the text is at first: empty, or the catalogue that comes with Posthaste. */
export type Start = "document" | "starter";

const MOST_BYTES = 4 * 1024 * 1024;

interface Props {
  start: Start;
  onClose: () => void;
}

/** Reads a document, tells what would become of the catalogue, and does it once that is agreed to. */
export function ImportCatalogue({ start, onClose }: Props) {
  const api = useApi();
  const [typed, setTyped] = useState<string | null>(null);
  const [mode, setMode] = useState<Mode>("merge");
  const [fileFault, setFileFault] = useState<string | null>(null);
  const starter = useQuery({
    queryKey: [api.tenant, "catalogue", "starter"],
    queryFn: () => starterCatalogue(api),
    staleTime: Infinity,
    enabled: start === "starter",
  });
  const document = typed ?? starter.data ?? "";
  const fault = isJson(document) ? jsonFault(document) : null;

  const check = useMutation({
    mutationFn: () => importCatalogue(api, { document, mode, dry_run: true }),
  });
  const run = useMutation({
    mutationFn: () => importCatalogue(api, { document, mode, dry_run: false }),
  });

  /** What was told of another document is not this one's. */
  function changing<T>(set: (value: T) => void) {
    return (value: T) => {
      check.reset();
      run.reset();
      set(value);
    };
  }
  const write = changing(setTyped);

  async function read(file: File | null) {
    if (file === null) return;
    const tooLarge = file.size > MOST_BYTES;
    setFileFault(tooLarge ? "A catalogue may have 4 MiB." : null);
    if (!tooLarge) write(await file.text());
  }

  if (run.data !== undefined) {
    return (
      <Stack aria-live="polite">
        <Text>The catalogue is imported.</Text>
        <ImportOutcome outcome={run.data} />
        <Group justify="flex-end">
          <Button onClick={onClose}>Close</Button>
        </Group>
      </Stack>
    );
  }
  const failed = check.error ?? run.error;
  return (
    <Stack gap="sm">
      <FileInput
        label="File"
        description="JSON or YAML: an exported catalogue, or an OpenAPI 3.1 document with webhooks."
        placeholder="Choose a file"
        accept=".json,.yaml,.yml,application/json,application/yaml"
        clearable={false}
        onChange={(file) => void read(file)}
        error={fileFault}
      />
      <Textarea
        label="Document"
        description="Or paste it here."
        value={document}
        onChange={(event) => write(event.currentTarget.value)}
        error={fault}
        placeholder={
          starter.isFetching ? "Loading the starter catalogue…" : "event_types:\n  - name: order.paid"
        }
        autosize
        minRows={6}
        maxRows={16}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      />
      {starter.isError && <ProblemAlert error={starter.error} retry={() => void starter.refetch()} />}
      <Radio.Group
        label="Event types that the document does not name"
        value={mode}
        onChange={changing((chosen: string) => setMode(chosen === "replace" ? "replace" : "merge"))}
      >
        <Group mt={4}>
          <Radio value="merge" label="stay as they are" />
          <Radio value="replace" label="are deleted" />
        </Group>
      </Radio.Group>
      {failed !== null && <ProblemAlert error={failed} faults={placed(asProblem(failed).errors, document)} />}
      <div aria-live="polite">{check.data && <Planned outcome={check.data} />}</div>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        {check.data === undefined ? (
          <Button
            loading={check.isPending}
            disabled={document.trim() === "" || fault !== null}
            onClick={() => check.mutate()}
          >
            Check
          </Button>
        ) : (
          <Button
            color={check.data.deleted.length > 0 ? "red" : undefined}
            loading={run.isPending}
            disabled={changes(check.data) === 0}
            onClick={() => run.mutate()}
          >
            {changes(check.data) === 0 ? "Nothing to import" : `Import ${changed(check.data)}`}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Planned({ outcome }: { outcome: Imported }) {
  return (
    <Alert color={outcome.deleted.length > 0 ? "red" : "blue"} title="What would become of the catalogue">
      <ImportOutcome outcome={outcome} />
    </Alert>
  );
}

function changes({ created, updated, deleted }: Imported): number {
  return created.length + updated.length + deleted.length;
}

function changed(outcome: Imported): string {
  const number = changes(outcome);
  return number === 1 ? "1 change" : `${count(number)} changes`;
}

/** Of JSON the line can be told; YAML is known to the server only. */
function placed(faults: Fault[], document: string): Fault[] {
  if (!isJson(document) || jsonFault(document) !== null) return faults;
  return faults.map(({ pointer, detail }) => ({
    pointer: pointer === "" ? "" : `${pointer} (line ${lineOf(document, pointer)})`,
    detail,
  }));
}
