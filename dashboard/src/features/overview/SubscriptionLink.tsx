import { Text } from "@mantine/core";
import { TextLink } from "../../ui/links";
import { ShortId } from "../../ui/ShortId";
import { useAllowed } from "../../routes/allowed";
import { tenantOf } from "../../routes/tenant";

interface Props {
  of: { subscription_id: string; tenant_id?: string };
  /** `***` when it is a credential, and nothing when the subscription is gone: it is named by its id then. */
  url: string | undefined;
  /** How many lines a long url may take. */
  lines?: number;
}

/** Leads to a subscription who may see it, and names it to others. */
export function SubscriptionLink({ of, url, lines = 2 }: Props) {
  const allowed = useAllowed("subscriptions:read");
  const named = url === undefined || url === "" || url === "***" ? <ShortId id={of.subscription_id} /> : url;
  const text = {
    size: "sm",
    fw: 500,
    style: { overflowWrap: "anywhere" },
    lineClamp: lines,
    title: url,
  } as const;
  if (!allowed) return <Text {...text}>{named}</Text>;
  return (
    <TextLink to="/subscriptions/$id" params={{ id: of.subscription_id }} search={tenantOf(of)} {...text}>
      {named}
    </TextLink>
  );
}
