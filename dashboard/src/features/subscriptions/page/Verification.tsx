import { Skeleton } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { Schemas } from "../../../api/client";
import type { Subscription } from "../../../api/subscriptions";
import { useAllowed } from "../../../routes/allowed";
import { SecretCard } from "./SecretCard";

const Samples = lazy(() => import("../samples/Samples"));

/** What a receiver verifies requests with: the secret, and code that does. Slack verifies none. */
export function Verification({ subscription }: { subscription: Subscription }) {
  const mayWrite = useAllowed("subscriptions:write");
  const [secret, setSecret] = useState<Schemas["Secret"] | null>(null);
  if (subscription.kind === "slack") return null;
  return (
    <>
      {mayWrite && <SecretCard subscription={subscription} secret={secret} onSecret={setSecret} />}
      <Suspense fallback={<Skeleton height={300} />}>
        <Samples subscription={subscription} secret={secret} onSecret={mayWrite ? setSecret : undefined} />
      </Suspense>
    </>
  );
}
