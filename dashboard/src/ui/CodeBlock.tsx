import { Code } from "@mantine/core";

/** Text as it is, which scrolls within itself; it can be reached by keyboard for that. */
export function CodeBlock({ text, label }: { text: string; label: string }) {
  return (
    <Code block role="region" aria-label={label} tabIndex={0} mah={420} style={{ overflow: "auto" }}>
      {text}
    </Code>
  );
}
