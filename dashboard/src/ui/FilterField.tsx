import { TextInput } from "@mantine/core";
import { useState, type KeyboardEvent } from "react";
import { text } from "../lib/params";

interface Props {
  label: string;
  value: string | undefined;
  onCommit: (value: string | undefined) => void;
  placeholder?: string;
}

/** A text to filter by, which counts once it is finished: by Enter or by leaving the field. */
export function FilterField({ value, ...rest }: Props) {
  // Another value from the address (a link, the back button) replaces what was being typed.
  return <Draft key={value ?? ""} value={value} {...rest} />;
}

function Draft({ label, value, onCommit, placeholder }: Props) {
  const [draft, setDraft] = useState(value ?? "");
  const commit = () => {
    if (text(draft) !== value) onCommit(text(draft));
  };
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={draft}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "Enter") commit();
      }}
    />
  );
}
