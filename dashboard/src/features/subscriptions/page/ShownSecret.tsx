import { Group } from "@mantine/core";
import type { Schemas } from "../../../api/client";
import { CodeBlock } from "../../../ui/CodeBlock";
import { CopyText } from "../../../ui/CopyText";

/** What a receiver checks signatures with: the secret, or the public half of a key pair. */
export function ShownSecret({ secret }: { secret: Schemas["Secret"] }) {
  const text = secret.secret ?? secret.public_key ?? "";
  const label = secret.secret ? "Secret" : "Public key";
  return (
    <Group align="center" gap="xs">
      <CodeBlock text={text} label={label} />
      <CopyText text={text} label={`Copy ${label.toLowerCase()}`} />
    </Group>
  );
}
