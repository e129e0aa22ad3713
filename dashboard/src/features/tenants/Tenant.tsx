import { Button, Card, Code, Group, Modal, Skeleton, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { tenantQuery, type StoredTenant, type Tenant as Row } from "../../api/tenants";
import { pretty } from "../../lib/raw";
import { CodeBlock } from "../../ui/CodeBlock";
import { CopyText } from "../../ui/CopyText";
import { Facts } from "../../ui/Facts";
import { ButtonLink } from "../../ui/links";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { StatusBadge } from "../../ui/StatusBadge";
import { When } from "../../ui/When";
import { KeyList } from "../keys/KeyList";
import { DeleteTenant } from "./DeleteTenant";
import { EditTenant } from "./EditTenant";
import { PortalLinks } from "./PortalLinks";
import { StatusButton } from "./StatusButton";

const route = getRouteApi("/shell/tenants/$id");

/** One customer: what holds for it, its keys, and the links into its portal. */
export function Tenant() {
  const { id } = route.useParams();
  const stored = useQuery(tenantQuery(id));
  return (
    <>
      <PageHead title={stored.data ? `Tenant ${stored.data.tenant.name}` : `Tenant ${id}`}>
        {stored.data && <Acts stored={stored.data} />}
      </PageHead>
      {stored.isError && <ProblemAlert error={stored.error} retry={() => void stored.refetch()} />}
      {stored.isPending && <Skeleton height={200} />}
      {stored.data && (
        <Stack>
          <Told stored={stored.data} />
          <Card withBorder>
            <KeyList tenant={stored.data.tenant.id} order={2} />
          </Card>
          <PortalLinks tenant={stored.data.tenant.id} />
        </Stack>
      )}
    </>
  );
}

function Acts({ stored }: { stored: StoredTenant }) {
  const navigate = route.useNavigate();
  const looked = route.useSearch().tenant;
  const [editing, { open, close }] = useDisclosure();
  const { tenant } = stored;
  // Nobody is looked at any more when it was this one.
  const left = () =>
    navigate({ to: "/tenants", search: { tenant: looked === tenant.id ? undefined : looked } });
  return (
    <>
      <ButtonLink to="/" search={{ tenant: tenant.id }} size="xs" variant="default">
        Its webhooks
      </ButtonLink>
      <Button size="xs" variant="default" onClick={open}>
        Edit
      </Button>
      <StatusButton tenant={tenant} />
      <DeleteTenant tenant={tenant} onDone={left} />
      <Modal
        opened={editing}
        onClose={close}
        closeOnClickOutside={false}
        title={`Edit ${tenant.name}`}
        size="lg"
      >
        <EditTenant stored={stored} onClose={close} />
      </Modal>
    </>
  );
}

function Told({ stored: { tenant: it, metadata } }: { stored: StoredTenant }) {
  return (
    <Card withBorder aria-live="polite">
      <Stack>
        <Facts
          facts={{
            Id: (
              <Group gap="xs">
                <span>{it.id}</span>
                <CopyText text={it.id} label="Copy id" />
              </Group>
            ),
            "External id": it.external_id,
            Status: <StatusBadge status={it.status} />,
            "Strict event types": it.strict_event_types ? "yes" : "no",
            Sandbox: it.sandbox ? "yes: deliveries go to its bins only" : "no",
            "Rate limit of deliveries": limit(it.rate_limit),
            "Rate limit of events": limit(it.ingest_rate_limit),
            "Allowed networks": networks(it.egress.allow),
            "Denied networks": networks(it.egress.deny),
            Created: <When at={it.created_at} />,
            Updated: <When at={it.updated_at} />,
            ...(metadata === "{}" && { Metadata: "none" }),
          }}
        />
        {metadata !== "{}" && <CodeBlock label="Metadata" text={pretty(metadata)} />}
      </Stack>
    </Card>
  );
}

function limit(of: Row["rate_limit"]): string {
  return of === null ? "none" : `${of.per_second} per second, ${of.burst} at once`;
}

function networks(list: string[]) {
  if (list.length === 0) return "none of its own";
  return list.map((network) => (
    <Code key={network} mr={4}>
      {network}
    </Code>
  ));
}
