import type { EventHead } from "../../api/events";
import { count } from "../../ui/figures";
import { TextLink } from "../../ui/links";
import type { Column } from "../../ui/list/List";
import { When } from "../../ui/When";
import { tenantOf } from "../../routes/tenant";

/** Ids of events are unique per tenant only. */
export function eventKey({ tenant_id, id }: EventHead): string {
  return `${tenant_id ?? ""} ${id}`;
}

export const eventColumns: Column<EventHead>[] = [
  {
    title: "Event",
    cell: (row) => (
      <TextLink to="/events/$id" params={{ id: row.id }} search={tenantOf(row)} size="sm" ff="monospace">
        {row.id}
      </TextLink>
    ),
  },
  { title: "Type", cell: (row) => row.type },
  {
    title: "Deliveries",
    cell: (row) =>
      row.deliveries === 0 ? (
        "None"
      ) : (
        <TextLink to="/deliveries" search={{ ...tenantOf(row), event_id: row.id }} size="sm">
          {count(row.deliveries)} {row.deliveries === 1 ? "delivery" : "deliveries"}
        </TextLink>
      ),
  },
  { title: "Correlation id", cell: (row) => row.correlation_id ?? "–" },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
];
