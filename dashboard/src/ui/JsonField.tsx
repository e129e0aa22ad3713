import { Button, Group, Stack, Textarea } from "@mantine/core";
import type { ReactNode } from "react";
import { jsonFault } from "../lib/jsonFault";
import { pretty } from "../lib/raw";

interface Props {
  label: string;
  description?: string;
  placeholder?: string;
  value: string;
  onChange: (text: string) => void;
  /** What the server says of it; what is no JSON is told before. */
  error?: ReactNode;
  minRows?: number;
}

/** JSON as text: it is checked while it is typed, and stays as it is written. */
export function JsonField({ label, value, onChange, error, minRows = 4, ...rest }: Props) {
  const fault = jsonFault(value);
  return (
    <Stack gap={4}>
      <Textarea
        label={label}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={fault ?? error}
        autosize
        minRows={minRows}
        maxRows={18}
        spellCheck={false}
        styles={{
          input: { fontFamily: "var(--mantine-font-family-monospace)" },
          error: { whiteSpace: "pre-line" },
        }}
        {...rest}
      />
      <Group>
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Lay out: ${label}`}
          disabled={value.trim() === "" || fault !== null}
          onClick={() => onChange(pretty(value))}
        >
          Lay out
        </Button>
      </Group>
    </Stack>
  );
}
