import { Button, Card, Group, Progress, Skeleton, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { deadLetterGroups, type DeadLetterFilters, type DeadLetterGroup } from "../../api/deadLetters";
import { count } from "../../ui/figures";
import { ButtonLink, TextLink } from "../../ui/links";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { ShortId } from "../../ui/ShortId";
import { When } from "../../ui/When";
import { tenantOf, useApi } from "../../routes/tenant";
import type { DeadLettersSearch } from "./search";

const FEW = 5;

/** The unresolved dead letters by why they failed and where; each leads to the list of its own. */
export function Groups({ filters }: { filters: DeadLettersSearch }) {
  const { range, from, to } = filters;
  const groups = useQuery(deadLetterGroups(useApi(), { range, from, to }));
  const [all, setAll] = useState(false);
  if (groups.isError) return <ProblemAlert error={groups.error} retry={() => void groups.refetch()} />;
  if (groups.isPending) return <Skeleton height={120} mb="md" />;
  const { data, complete } = groups.data;
  if (data.length === 0) return null;
  const narrowed = filters.subscription_id !== undefined || filters.failure_reason !== undefined;
  return (
    <Card withBorder mb="md">
      <Group justify="space-between" mb="xs">
        <Title order={2}>By reason and subscription</Title>
        {narrowed && (
          <ButtonLink
            to="/dead-letters"
            search={{ ...filters, subscription_id: undefined, failure_reason: undefined }}
            size="xs"
            variant="default"
          >
            Show those of every group
          </ButtonLink>
        )}
      </Group>
      <Rows rows={all ? data : data.slice(0, FEW)} most={data[0]?.count ?? 1} filters={filters} />
      {!complete && <Text size="sm">These are the newest 100,000 dead letters.</Text>}
      {data.length > FEW && (
        <Button size="xs" variant="subtle" w="fit-content" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? "Show the largest" : `Show all ${data.length} groups`}
        </Button>
      )}
    </Card>
  );
}

interface RowsProps {
  rows: DeadLetterGroup[];
  most: number;
  filters: DeadLettersSearch;
}

function Rows({ rows, most, filters }: RowsProps) {
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table aria-label="Groups of dead letters" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Reason</Table.Th>
            <Table.Th>Subscription</Table.Th>
            <Table.Th>Dead letters</Table.Th>
            <Table.Th>Oldest</Table.Th>
            <Table.Th>Newest</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr
              key={`${row.subscription_id} ${row.failure_reason ?? ""}`}
              bg={isChosen(row, filters) ? "var(--mantine-color-default-hover)" : undefined}
            >
              <Table.Td>
                <TextLink
                  to="/dead-letters"
                  search={{ ...filters, ...tenantOf(row), ...filtersOf(row) }}
                  size="sm"
                  fw={isChosen(row, filters) ? 700 : undefined}
                  aria-current={isChosen(row, filters) ? "true" : undefined}
                >
                  {row.failure_reason ?? "none told"}
                </TextLink>
              </Table.Td>
              <Table.Td>
                <TextLink
                  to="/subscriptions/$id"
                  params={{ id: row.subscription_id }}
                  search={tenantOf(row)}
                  size="sm"
                  ff="monospace"
                >
                  <ShortId id={row.subscription_id} />
                </TextLink>
              </Table.Td>
              <Table.Td miw={140}>
                <Text size="sm">{count(row.count)}</Text>
                <Progress value={(100 * row.count) / most} color="red" size="sm" aria-hidden />
              </Table.Td>
              <Table.Td>
                <When at={row.oldest_dead_at} />
              </Table.Td>
              <Table.Td>
                <When at={row.newest_dead_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** No filter can ask for those without a reason: they are among all of their subscription. */
export function filtersOf({ subscription_id, failure_reason }: DeadLetterGroup): DeadLetterFilters {
  return { subscription_id, failure_reason: failure_reason === null ? undefined : [failure_reason] };
}

export function isChosen(group: DeadLetterGroup, filters: DeadLetterFilters): boolean {
  const { subscription_id, failure_reason } = filtersOf(group);
  return (
    filters.subscription_id === subscription_id &&
    filters.failure_reason?.length === failure_reason?.length &&
    filters.failure_reason?.[0] === failure_reason?.[0]
  );
}
