import { Group, SegmentedControl, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { deadLetterPages, discardDeadLetter, replayDeadLetter, type DeadLetter } from "../../api/deadLetters";
import { apiOf } from "../../api/client";
import { reload } from "../../api/deliveries";
import { ActionButton } from "../../ui/ActionButton";
import { ButtonLink } from "../../ui/links";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { useAllowed } from "../../routes/allowed";
import { useApi, useTenant } from "../../routes/tenant";
import { deliveryColumns } from "../deliveries/columns";
import { Filters } from "../deliveries/Filters";
import { Bulk } from "./Bulk";
import { Groups } from "./Groups";
import type { DeadLettersSearch } from "./search";
import { Started } from "./Started";

const route = getRouteApi("/shell/dead-letters");

const common = deliveryColumns.filter(({ title }) => title !== "Status" && title !== "Created");
const died: Column<DeadLetter> = { title: "Dead since", cell: (row) => <When at={row.dead_at} /> };
const open: Column<DeadLetter>[] = [...common, died];
const acts: Column<DeadLetter> = { title: "Acts", cell: (row) => <Acts row={row} /> };
const resolved: Column<DeadLetter>[] = [
  ...common,
  died,
  { title: "Resolved", cell: (row) => <When at={row.resolved_at} /> },
  { title: "By being", cell: (row) => row.resolution && <StatusBadge status={row.resolution} /> },
];

export function DeadLetters() {
  const { tenant: _tenant, replay, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(deadLetterPages(useApi(), filters));
  const change = (next: DeadLettersSearch) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });
  const mayAct = useAllowed("deliveries:write");
  const isResolved = filters.resolved === "true";

  return (
    <>
      <PageHead title="Dead letters">
        {!isResolved && mayAct && <Bulk filters={filters} onReplay={({ id }) => change({ replay: id })} />}
      </PageHead>
      {replay !== undefined && <Started id={replay} onDismiss={() => change({ replay: undefined })} />}
      <SegmentedControl
        mb="sm"
        aria-label="Which dead letters"
        data={[
          { value: "open", label: "Unresolved" },
          { value: "resolved", label: "Replayed or discarded" },
        ]}
        value={isResolved ? "resolved" : "open"}
        onChange={(chosen) => change({ resolved: chosen === "resolved" ? "true" : undefined })}
      />
      <Filters value={filters} onChange={change} withStatus={false} />
      {!isResolved && <Groups filters={{ ...filters, replay }} />}
      <List
        noun="dead letters"
        query={query}
        columns={isResolved ? resolved : mayAct ? [...open, acts] : open}
        rowKey={(row) => row.id}
        empty={
          <>
            <Text>No dead letter fits: nothing here has used up its attempts.</Text>
            <ButtonLink to="/deliveries" search={{ status: ["retrying"] }} variant="light">
              See what is being retried
            </ButtonLink>
          </>
        }
      />
    </>
  );
}

function Acts({ row }: { row: DeadLetter }) {
  const shown = useApi();
  const tenant = useTenant();
  // In a list of all tenants the act is for the row's tenant, and the list that shows it is loaded anew.
  const api = apiOf(row.tenant_id ?? tenant);
  return (
    <Group gap={4} wrap="nowrap">
      <ActionButton
        label="Replay"
        run={() => replayDeadLetter(api, row.id)}
        done="A new delivery is under way."
        onDone={() => reload(shown)}
      />
      <ActionButton
        label="Discard"
        color="red"
        confirm="The delivery is given up. It stays in the history of its event."
        run={() => discardDeadLetter(api, row.id)}
        done="It is discarded."
        onDone={() => reload(shown)}
      />
    </Group>
  );
}
