import { Text } from "@mantine/core";
import type { Delivery } from "../../api/deliveries";
import { TextLink } from "../../parts/links";
import type { Column } from "../../parts/list/List";
import { ShortId } from "../../parts/ShortId";
import { StatusBadge } from "../../parts/StatusBadge";
import { When } from "../../parts/When";
import { tenantOf } from "../../shell/tenant";

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
