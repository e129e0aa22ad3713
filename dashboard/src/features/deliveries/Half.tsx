import { Accordion, Box, Stack, Text, Title, VisuallyHidden } from "@mantine/core";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";

export interface Part {
  name: "headers" | "body";
  text: string | null;
  /** The text as it was, where it is laid out to be read. */
  copied?: string;
  note?: string;
}

interface Props {
  title: "Request" | "Response";
  /** What it begins with: method and url, or the status. */
  line: string;
  parts: Part[];
  /** The attempt's number, which tells its parts from those of the others. */
  attempt: number;
  open: boolean;
}

/** A request or a response: its first line, and its parts to be opened. */
export function Half({ title, line, parts, attempt, open }: Props) {
  const of = ` of attempt ${attempt}`;
  return (
    <Stack gap={4} miw={0}>
      <Title order={4} fz="sm">
        {title}
        <VisuallyHidden>{of}</VisuallyHidden>
      </Title>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {line}
      </Text>
      <Accordion multiple variant="contained" order={5} defaultValue={open ? ["body"] : []}>
        {parts.map(({ name, text, copied, note }) => (
          <Accordion.Item key={name} value={name}>
            <Accordion.Control>
              <Box component="span" fz="sm">
                {`${title} ${name}`}
                <VisuallyHidden>{of}</VisuallyHidden>
              </Box>
            </Accordion.Control>
            <Accordion.Panel>
              {text !== null && <CodeBlock text={text} label={`${title} ${name}${of}, as text`} />}
              {copied !== undefined && <CopyText label="Copy it as it was sent" text={copied} />}
              {note !== undefined && <Text size="sm">{note}</Text>}
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}
