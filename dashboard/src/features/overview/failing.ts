import { queryOptions } from "@tanstack/react-query";
import { take, type Api } from "../../api/client";
import type { Delivery } from "../../api/deliveries";

/** A delivery whose last attempt failed, and when that was, in Unix milliseconds, as far as it can be known. */
export interface Failing {
  delivery: Delivery;
  at: number;
}

/** So many are kept: some of them will succeed, and leave. */
const KEPT = 20;

const isFailing = ({ status }: Delivery) => status === "failed" || status === "retrying";

/** The deliveries that failed last. While a stream tells of others there is no need to ask again. */
export const failingQuery = (api: Api, live: boolean) =>
  queryOptions({
    queryKey: [api.tenant, "deliveries", "failing"],
    staleTime: live ? Infinity : 0,
    refetchInterval: live ? false : 15_000,
    queryFn: async (): Promise<Failing[]> => {
      const query = { status: ["failed" as const, "retrying" as const], limit: KEPT };
      const page = await take(api.http.GET("/api/v1/webhooks/deliveries", { params: { query } }));
      return newest(page.data.map((delivery) => ({ delivery, at: failedAt(delivery) })));
    },
  });

/** A list does not say when the last attempt was, but that the delivery was made before. */
function failedAt({ completed_at, created_at }: Delivery): number {
  return Date.parse(completed_at ?? created_at);
}

/** The same with what was told since: what fails comes on top, and what has succeeded leaves. */
export function withTold(before: Failing[], told: Delivery[], at: number): Failing[] {
  const rows = new Map(before.map((row) => [row.delivery.id, row]));
  for (const delivery of told) {
    if (isFailing(delivery)) rows.set(delivery.id, { delivery, at });
    else rows.delete(delivery.id);
  }
  return newest([...rows.values()]);
}

function newest(rows: Failing[]): Failing[] {
  return rows
    .sort((one, other) => other.at - one.at || (one.delivery.id < other.delivery.id ? 1 : -1))
    .slice(0, KEPT);
}
