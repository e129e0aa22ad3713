import { Button, Popover, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { exportCatalogue, type Form } from "../../api/catalogue";
import { useApi } from "../../routes/tenant";
import { saveText } from "../../ui/download";
import { reportProblem } from "../../ui/report";

interface File {
  form: Form;
  label: string;
  name: string;
  type: string;
}

const files: File[] = [
  { form: "json", label: "JSON", name: "catalogue.json", type: "application/json" },
  { form: "yaml", label: "YAML", name: "catalogue.yaml", type: "application/yaml" },
  { form: "openapi", label: "OpenAPI, for subscribers", name: "webhooks.json", type: "application/json" },
];

/** The whole catalogue as a file. */
export function ExportMenu() {
  const api = useApi();
  const [opened, setOpened] = useState(false);
  const save = useMutation({
    mutationFn: async ({ form, name, type }: File) => saveText(name, type, await exportCatalogue(api, form)),
    onError: reportProblem,
  });
  return (
    <Popover opened={opened} onChange={setOpened} trapFocus returnFocus position="bottom-end">
      <Popover.Target>
        <Button variant="default" loading={save.isPending} onClick={() => setOpened(!opened)}>
          Export
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={4} aria-label="Export as">
        <Stack gap={0}>
          {files.map((file) => (
            <Button
              key={file.form}
              variant="subtle"
              justify="start"
              onClick={() => {
                setOpened(false);
                save.mutate(file);
              }}
            >
              {file.label}
            </Button>
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
