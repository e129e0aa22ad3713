import { Card, Group, Select, Stack, Text, Title } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { Schemas } from "../../../api/client";
import { readSecret, type Subscription } from "../../../api/subscriptions";
import { oneOf } from "../../../lib/params";
import { ActionButton } from "../../../ui/ActionButton";
import { CodeBlock } from "../../../ui/CodeBlock";
import { CopyText } from "../../../ui/CopyText";
import { useApi } from "../../../routes/tenant";
import { sampleNames } from "../search";
import { filled, samples } from "./texts";

const route = getRouteApi("/shell/subscriptions/$id");

interface Props {
  subscription: Subscription;
  /** As long as it is shown. */
  secret: Schemas["Secret"] | null;
  /** Not there for who may not read it. */
  onSecret?: (secret: Schemas["Secret"]) => void;
}

/** Code that verifies requests, in a chunk of its own. */
export default function Samples({ subscription: { id, signing }, secret, onSecret }: Props) {
  const api = useApi();
  const { sample: name = "typescript" } = route.useSearch();
  const navigate = route.useNavigate();
  const sample = samples[name];
  const text = secret === null ? sample.text : filled(name, secret);

  return (
    <Card withBorder>
      <Stack gap="sm">
        <Title order={2}>Verifying requests</Title>
        {signing.algorithm === "ed25519" ? (
          <Text size="sm">
            Its requests are signed by a key pair. webhook-signature is v1a, and an Ed25519 signature in
            base64 over webhook-id, webhook-timestamp and the body as it came, joined by dots. What checks it
            is the public key.
          </Text>
        ) : (
          <>
            <Text size="sm">
              A receiver checks the body as it came, before anything parses it. This one gets{" "}
              {signing.schemes.map((scheme) => headers[scheme]).join(" and ")}.
            </Text>
            <Group align="end" gap="xs">
              <Select
                label="Sample"
                data={sampleNames.map((value) => ({ value, label: samples[value].label }))}
                value={name}
                allowDeselect={false}
                onChange={(chosen) =>
                  void navigate({
                    search: (now) => ({ ...now, sample: oneOf(chosen, sampleNames) }),
                    replace: true,
                    resetScroll: false,
                  })
                }
              />
              {onSecret !== undefined && secret === null && (
                <ActionButton label="Fill in its secret" run={() => readSecret(api, id)} onDone={onSecret} />
              )}
              <CopyText label="Copy the sample" text={text} />
            </Group>
            <Text size="xs" c="dimmed">
              {sample.needs}
              {!sample.knowsPt && " The scheme standard only."}
              {onSecret !== undefined && secret === null && " Reading the secret is noted in the audit log."}
              {secret !== null && " Where code is kept is no place for a secret."}
            </Text>
            {!sample.knowsPt && !signing.schemes.includes("standard") && (
              <Text size="sm" c="red">
                This subscription is not signed by the scheme standard: the library would refuse every
                request.
              </Text>
            )}
            <CodeBlock label={`Sample in ${sample.label}`} text={text} />
          </>
        )}
      </Stack>
    </Card>
  );
}

const headers = {
  standard: "webhook-signature (the scheme standard)",
  pt: "X-PT-Signature (the scheme pt)",
};
