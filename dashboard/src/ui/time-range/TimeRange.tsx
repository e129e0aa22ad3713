import { Button, Popover, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { spanNames, type Span, type TimeSearch } from "./range";

const CustomRange = lazy(() => import("./CustomRange"));

interface Props {
  value: TimeSearch;
  /** Told all three members, some `undefined`, so that they replace what the address has. */
  onChange: (value: TimeSearch) => void;
  /** What counts when the address names none; without it that is all time. */
  standard?: Span;
}

/** Chooses the time that a list or a chart is about. */
export function TimeRange({ value, onChange, standard }: Props) {
  const [open, setOpen] = useState(false);
  const custom = value.from !== undefined || value.to !== undefined;
  const chosen = custom ? "custom" : (value.range ?? standard ?? "all");
  const options = [
    ...spanNames.map((name) => ({ value: name, label: name })),
    ...(standard === undefined ? [{ value: "all", label: "All" }] : []),
  ];

  function pick(name: string) {
    const range = spanNames.find((span) => span === name);
    onChange({ range, from: undefined, to: undefined });
  }

  return (
    <Stack gap={4}>
      <Text size="sm" fw={500} id="time-range">
        Time
      </Text>
      <div role="group" aria-labelledby="time-range" style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
        <SegmentedControl size="xs" data={options} value={chosen} onChange={pick} aria-label="Time range" />
        {/* Escape is for the calendars inside: it would close both. */}
        <Popover opened={open} onChange={setOpen} trapFocus closeOnEscape={false}>
          <Popover.Target>
            <Button
              size="xs"
              variant={custom ? "light" : "default"}
              onClick={() => setOpen(!open)}
              aria-expanded={open}
            >
              From – to
            </Button>
          </Popover.Target>
          <Popover.Dropdown>
            <Suspense fallback={<Skeleton w={240} h={160} />}>
              <CustomRange
                value={value}
                onClose={() => setOpen(false)}
                onChange={({ from, to }) => {
                  setOpen(false);
                  onChange({ range: undefined, from, to });
                }}
              />
            </Suspense>
          </Popover.Dropdown>
        </Popover>
      </div>
    </Stack>
  );
}
