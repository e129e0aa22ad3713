import { Switch } from "@mantine/core";

interface Props {
  on: boolean;
  /** Why it cannot be, with these filters. */
  hindered: string | undefined;
  onChange: (live: "true" | undefined) => void;
}

/** Whether what is made meanwhile comes on top of a list by itself. */
export function LiveSwitch({ on, hindered, onChange }: Props) {
  return (
    <Switch
      label={hindered === undefined ? "Live" : `Live (${hindered})`}
      checked={on}
      disabled={hindered !== undefined}
      onChange={(event) => onChange(event.currentTarget.checked ? "true" : undefined)}
    />
  );
}
