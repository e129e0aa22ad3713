import { Button, Card, Grid, Group, Skeleton, Stack, Switch, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { binRequestPages, newestBinRequest, type Bin, type BinRequest } from "../../api/bins";
import { useApi } from "../../routes/tenant";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { Request } from "./Request";
import { RequestList } from "./RequestList";

const route = getRouteApi("/shell/bins/$id");

/** What a bin has recorded, one beside the list of all, and what comes while one looks. */
export function Requests({ bin }: { bin: Bin }) {
  const { request: wanted } = route.useSearch();
  const [following, setFollowing] = useState(true);
  const query = useRequests(bin.id, following);
  const requests = query.data?.pages.flatMap((page) => page.data) ?? [];
  const index = wanted === undefined ? 0 : requests.findIndex(({ id }) => id === wanted);

  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2}>Requests</Title>
        <Switch
          label="Show new ones as they come"
          checked={following}
          onChange={(event) => setFollowing(event.currentTarget.checked)}
        />
      </Group>
      {query.isError && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={200} />}
      <Text size="sm" c="dimmed" mb="sm" aria-live="polite">
        {query.data && told(requests.length, query.hasNextPage)}
      </Text>
      {query.isSuccess && requests.length === 0 && <Nothing url={bin.url} />}
      {requests.length > 0 && (
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="xs">
              <RequestList requests={requests} shown={requests[index]?.id} />
              {query.hasNextPage && (
                <Button
                  size="xs"
                  variant="default"
                  loading={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  Show older
                </Button>
              )}
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Shown requests={requests} index={index} />
          </Grid.Col>
        </Grid>
      )}
    </Card>
  );
}

/** The requests; while they are followed, they are loaded anew when there is a newer one. */
function useRequests(id: string, following: boolean) {
  const api = useApi();
  const query = useInfiniteQuery(binRequestPages(api, id));
  const newest = useQuery(newestBinRequest(api, id, following)).data?.id;
  const top = query.data?.pages[0]?.data[0]?.id ?? "";
  const { refetch, isFetching } = query;
  useEffect(() => {
    // Ids grow with time. One that is gone again (a bin keeps the last few hundred) is none to wait for.
    if (newest !== undefined && newest > top && !isFetching) void refetch();
  }, [newest, top, isFetching, refetch]);
  return query;
}

function told(count: number, more: boolean): string {
  if (count === 0) return "";
  if (count === 1) return "One request";
  return more ? `The newest ${count} requests` : `All ${count} requests`;
}

function Nothing({ url }: { url: string }) {
  const command = `curl -d '{"hello": "world"}' -H 'Content-Type: application/json' '${url}'`;
  return (
    <Stack gap="xs">
      <Text size="sm">
        Nothing was sent to it yet. Give its url to a subscription, or send something by hand:
      </Text>
      <CodeBlock label="Command" text={command} />
      <Group>
        <CopyText label="Copy command" text={command} />
      </Group>
    </Stack>
  );
}

function Shown({ requests, index }: { requests: BinRequest[]; index: number }) {
  const navigate = route.useNavigate();
  const show = (id: string | undefined) =>
    void navigate({ search: (now) => ({ ...now, request: id }), replace: true, resetScroll: false });
  const request = requests[index];
  if (request === undefined) {
    return (
      <Stack align="start">
        <Text size="sm">This request is not among those shown: it is older, or gone.</Text>
        <Button size="xs" variant="default" onClick={() => show(undefined)}>
          Show the newest
        </Button>
      </Stack>
    );
  }
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          disabled={index === 0}
          onClick={() => show(requests[index - 1]?.id)}
        >
          Newer
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={index === requests.length - 1}
          onClick={() => show(requests[index + 1]?.id)}
        >
          Older
        </Button>
      </Group>
      <Request key={request.id} request={request} />
    </Stack>
  );
}
