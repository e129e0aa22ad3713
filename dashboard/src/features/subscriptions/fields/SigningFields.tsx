import { Checkbox, Fieldset, Group, Select, Stack, Text, Textarea } from "@mantine/core";
import type { StoredSubscription } from "../../../api/subscriptions";
import { When } from "../../../ui/When";
import type { SubscriptionForm } from "../form/useSubscriptionForm";
import { SecretInput } from "../SecretInput";

interface Props {
  form: SubscriptionForm;
  before: StoredSubscription | null;
}

/** By what a receiver knows whose a request is. */
export function SigningFields({ form, before }: Props) {
  const { algorithm } = form.values.signing;
  const was = before?.subscription;
  const kept = was?.client_certificate ?? null;
  return (
    <>
      <Checkbox.Group
        label="Schemes"
        description="standard is the header webhook-signature, pt is X-PT-Signature."
        {...form.getInputProps("signing.schemes")}
      >
        <Group mt={4}>
          <Checkbox value="standard" label="standard" />
          <Checkbox value="pt" label="pt" />
        </Group>
      </Checkbox.Group>
      <Select
        label="Algorithm"
        description={
          was && was.signing.algorithm !== algorithm
            ? "A secret of the new kind is made. The former one signs beside it for a day."
            : "ed25519 signs with a key pair, and the scheme standard only; the receiver has the public key."
        }
        data={["hmac-sha256", "ed25519"]}
        allowDeselect={false}
        {...form.getInputProps("signing.algorithm")}
      />
      {was === undefined && algorithm === "hmac-sha256" && (
        <SecretInput label="Secret" {...form.getInputProps("secret")} />
      )}
      <Fieldset legend="Client certificate">
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            Shown to a receiver that asks for one. The url has to be https.
            {kept !== null && (
              <>
                {" "}
                It expires at <When at={kept.not_after} />.
              </>
            )}
          </Text>
          <Pem
            label="Certificate"
            description="PEM: the certificate itself, then its chain. None: no certificate."
            placeholder="-----BEGIN CERTIFICATE-----"
            {...form.getInputProps("client_certificate.certificate")}
          />
          <Pem
            label="Private key"
            description={
              kept === null
                ? "PEM, not encrypted. No answer shows it again."
                : "*** is the key that is kept; a certificate renewed for it needs no more."
            }
            placeholder="-----BEGIN PRIVATE KEY-----"
            {...form.getInputProps("client_certificate.private_key")}
          />
        </Stack>
      </Fieldset>
    </>
  );
}

function Pem(props: { label: string; description: string; placeholder: string }) {
  return (
    <Textarea
      autosize
      minRows={2}
      maxRows={8}
      spellCheck={false}
      autoComplete="off"
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      {...props}
    />
  );
}
