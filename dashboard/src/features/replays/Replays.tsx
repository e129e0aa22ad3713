import { Button, Group, Modal, MultiSelect, SimpleGrid, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { apiOf } from "../../api/client";
import {
  moveReplay,
  reloadReplays,
  replayPages,
  replayStatuses,
  type Replay,
  type ReplayFilters,
} from "../../api/replays";
import { ActionButton } from "../../ui/ActionButton";
import { count } from "../../ui/figures";
import { List, type Column } from "../../ui/list/List";
import { PageHead } from "../../ui/PageHead";
import { StatusBadge } from "../../ui/StatusBadge";
import { SubscriptionPicker } from "../../ui/SubscriptionPicker";
import { When } from "../../ui/When";
import { someOf } from "../../lib/params";
import { useNamesTenant } from "../../routes/namesTenant";
import { useApi, useTenant } from "../../routes/tenant";
import { NewReplay } from "./NewReplay";

const route = getRouteApi("/shell/replays");
const MOVING_MS = 3_000;

const columns: Column<Replay>[] = [
  { title: "Status", cell: (row) => <StatusBadge status={row.status} /> },
  { title: "Of", cell: (row) => row.statuses.join(", ") },
  { title: "From", cell: (row) => <When at={row.from} /> },
  { title: "To", cell: (row) => <When at={row.to} /> },
  { title: "Made", cell: (row) => `${count(row.enqueued + row.skipped)} of ${count(row.matched)}` },
  {
    title: "Came to",
    cell: (row) =>
      `${count(row.succeeded)} succeeded, ${count(row.failed)} failed, ${count(row.skipped)} skipped`,
  },
  { title: "Created", cell: (row) => <When at={row.created_at} /> },
  { title: "Acts", cell: (row) => <Acts row={row} /> },
];

export function Replays() {
  const { tenant: _tenant, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const named = useNamesTenant();
  const [opened, { open, close }] = useDisclosure();
  const query = useInfiniteQuery({
    ...replayPages(useApi(), filters),
    // How far they are changes while one is looking.
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.data.some((row) => row.status === "running")) ? MOVING_MS : false,
  });
  const change = (next: ReplayFilters) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <>
      <PageHead title="Replays">
        <Button onClick={open} disabled={!named}>
          {named ? "New replay" : "Choose a tenant to start one"}
        </Button>
      </PageHead>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mb="md" role="search" aria-label="Filters">
        <MultiSelect
          label="Status"
          placeholder={filters.status === undefined ? "Any" : undefined}
          data={replayStatuses}
          value={filters.status ?? []}
          onChange={(chosen) => change({ status: someOf(chosen, replayStatuses) })}
          clearable
        />
        <SubscriptionPicker
          value={filters.subscription_id}
          onChange={(subscription_id) => change({ subscription_id })}
        />
      </SimpleGrid>
      <List
        noun="replays"
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        empty={<Text>No replay fits. Start one to send the events of a time again.</Text>}
      />
      <Modal opened={opened} onClose={close} title="New replay" size="lg">
        <NewReplay onClose={close} />
      </Modal>
    </>
  );
}

function Acts({ row }: { row: Replay }) {
  const shown = useApi();
  const tenant = useTenant();
  const api = apiOf(row.tenant_id ?? tenant);
  const move = (act: "pause" | "resume" | "cancel") =>
    moveReplay(api, row.id, act).finally(() => reloadReplays(shown));
  if (row.status === "completed" || row.status === "cancelled") return "–";
  return (
    <Group gap={4} wrap="nowrap">
      {row.status === "running" ? (
        <ActionButton label="Pause" run={() => move("pause")} done="The replay is paused." />
      ) : (
        <ActionButton label="Resume" run={() => move("resume")} done="The replay goes on." />
      )}
      <ActionButton
        label="Cancel"
        color="red"
        confirm="What has not been attempted is cancelled; what has goes on with its retries."
        run={() => move("cancel")}
        done="The replay is cancelled."
      />
    </Group>
  );
}
