import { Button, Text } from "@mantine/core";
import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import type { Attempt, Delivery } from "../../api/deliveries";
import { readSecret } from "../../api/subscriptions";
import { canCheck, type SignatureKey } from "../../lib/signature";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { useAllowed } from "../../routes/allowed";
import { useApi } from "../../routes/tenant";
import { checkAll, told, type Checks } from "./checks";
import type { SentBody } from "./sentBody";

type Check = UseMutationResult<Record<string, Checks>, Error, { attempts: Attempt[]; body: string }>;

/** The secret is read for one check, is noted as read, and is not kept. */
export function useSignatureCheck({ subscription_id }: Delivery): Check {
  const api = useApi();
  return useMutation({
    mutationFn: async ({ attempts, body }) => {
      const { secret, public_key } = await readSecret(api, subscription_id);
      const key: SignatureKey = secret ? { secret } : { publicKey: public_key ?? "" };
      return checkAll(attempts, body, key);
    },
  });
}

/** The button that checks the attempts' signatures, or why it would be of no use. */
export function SignatureCheck({
  check,
  attempts,
  body,
}: {
  check: Check;
  attempts: Attempt[];
  body: SentBody;
}) {
  const allowed = useAllowed("subscriptions:write");
  const hindered = hindrance(body, allowed);
  if (attempts.length === 0 || body.state === "waiting") return null;
  return (
    <div>
      {body.state === "known" && hindered === null && (
        <Button
          size="xs"
          variant="default"
          loading={check.isPending}
          onClick={() => check.mutate({ attempts, body: body.text })}
        >
          Check the signatures
        </Button>
      )}
      <Text size="sm" mt={4} aria-live="polite">
        {hindered ??
          (check.data ? told(check.data) : "For this the secret is read, which is noted in the audit log.")}
      </Text>
      {check.isError && <ProblemAlert error={check.error} />}
    </div>
  );
}

function hindrance(body: SentBody, allowed: boolean): string | null {
  if (body.state === "unknown") return `The signatures cannot be checked here. ${body.why}`;
  if (!canCheck()) {
    return "The signatures cannot be checked here: browsers offer cryptography only to pages that come over https or from the same machine. posthaste verify does it anywhere.";
  }
  return allowed ? null : "Checking the signatures needs the scope subscriptions:write, to read the secret.";
}
