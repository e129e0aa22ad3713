import "@mantine/dates/styles.css";
import { Button, Group, Stack } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useState } from "react";
import { instant } from "../../lib/params";
import type { TimeSearch, Window } from "./range";

interface Props {
  value: TimeSearch;
  onChange: (value: Window) => void;
  onClose: () => void;
}

/** Two instants, each of which may be left open. In a chunk of its own: few need it, and the calendar is large. */
export default function CustomRange({ value, onChange, onClose }: Props) {
  const [from, setFrom] = useState(asLocal(value.from));
  const [to, setTo] = useState(asLocal(value.to));
  const backwards = from !== null && to !== null && from >= to;
  // The pickers' own popovers stay inside this one, so that choosing a day is no click outside of it.
  const inside = { popoverProps: { withinPortal: false } };

  return (
    <Stack gap="xs" w={240}>
      <DateTimePicker label="From" value={from} onChange={setFrom} withSeconds clearable {...inside} />
      <DateTimePicker
        label="To"
        value={to}
        onChange={setTo}
        withSeconds
        clearable
        error={backwards ? "Must be after From" : undefined}
        {...inside}
      />
      <Group grow>
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button disabled={backwards} onClick={() => onChange({ from: instant(from), to: instant(to) })}>
          Apply
        </Button>
      </Group>
    </Stack>
  );
}

/** The pickers speak local time: `2026-01-21 12:00:00`. */
function asLocal(utc: string | undefined): string | null {
  if (utc === undefined) return null;
  const at = new Date(utc);
  const two = (part: number) => String(part).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
