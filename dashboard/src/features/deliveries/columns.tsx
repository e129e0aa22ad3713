import { Text } from "@mantine/core";
import type { Delivery } from "../../api/deliveries";
import { TextLink } from "../../ui/links";
import type { Column } from "../../ui/list/List";
import { ShortId } from "../../ui/ShortId";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { tenantOf } from "../../routes/tenant";

/** Why a delivery has not arrived, as far as it says. */
export function reasonOf(delivery: Delivery): string {
  const { failure_reason, last_status_code } = delivery;
  if (failure_reason === "http_status" && last_status_code !== null) return `HTTP ${last_status_code}`;
  return failure_reason ?? (last_status_code === null ? "" : `HTTP ${last_status_code}`);
}

export const deliveryColumns: Column<Delivery>[] = [
  {
    title: "Delivery",
    cell: (row) => (
      <TextLink to="/deliveries/$id" params={{ id: row.id }} search={tenantOf(row)} size="sm" ff="monospace">
        <ShortId id={row.id} />
      </TextLink>
    ),
  },
  { title: "Status", cell: (row) => <StatusBadge status={row.status} /> },
  { title: "Event type", cell: (row) => row.event_type },
  {
    title: "Subscription",
    cell: (row) => (
      <TextLink
        to="/subscriptions/$id"
        params={{ id: row.subscription_id }}
        search={tenantOf(row)}
        size="sm"
        ff="monospace"
      >
        <ShortId id={row.subscription_id} />
      </TextLink>
    ),
  },
  { title: "Attempts", cell: (row) => `${row.attempt_count} of ${row.max_attempts}` },
  {
    title: "Reason",
    cell: (row) => (
      <Text size="sm" style={{ whiteSpace: "nowrap" }}>
        {reasonOf(row)}
      </Text>
    ),
  },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
];
