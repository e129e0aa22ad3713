import { Button, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { BinRequest } from "../../api/bins";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { saveBytes } from "../../ui/download";
import { count } from "../../ui/figures";
import { bytesOf, formsOf, MOST_HEX, shownAs, type Form } from "./body";

const route = getRouteApi("/shell/bins/$id");

const names: Record<Form, string> = { pretty: "Pretty", text: "Text", hex: "Hex", base64: "Base64" };

/** The body in a form that says something of it, down to its bytes. */
export function Body({ request }: { request: BinRequest }) {
  const { form: wanted } = route.useSearch();
  const navigate = route.useNavigate();
  const bytes = bytesOf(request);
  const forms = formsOf(request);
  const form = forms.find((one) => one === wanted) ?? forms[0] ?? "text";
  if (bytes.length === 0) return <Text size="sm">It has no body.</Text>;
  const text = shownAs(form, request);

  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={4} fz="md">
          Body
        </Title>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Form of the body"
            data={forms.map((value) => ({ value, label: names[value] }))}
            value={form}
            onChange={(chosen) =>
              void navigate({
                search: (now) => ({ ...now, form: forms.find((one) => one === chosen) }),
                replace: true,
                resetScroll: false,
              })
            }
          />
          <CopyText label="Copy body" text={text} />
          <Button
            size="xs"
            variant="default"
            onClick={() => saveBytes(`${request.id}.body`, "application/octet-stream", bytes)}
          >
            Save bytes
          </Button>
        </Group>
      </Group>
      <CodeBlock label="Body" text={text} />
      <Text size="xs" c="dimmed">
        {count(bytes.length)} {bytes.length === 1 ? "byte" : "bytes"}
        {request.truncated && ": the first ones; there were more than are kept"}
        {form === "hex" && bytes.length > MOST_HEX && `, of which the first ${count(MOST_HEX)} are shown`}
        {form === "text" && request.body_base64 !== null && "; what is no UTF-8 is shown as \u{fffd}"}
      </Text>
    </Stack>
  );
}
