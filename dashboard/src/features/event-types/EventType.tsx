import { Badge, Button, Card, Group, Modal, Skeleton, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import {
  changeEventType,
  deleteEventType,
  eventTypeQuery,
  type EventType as Head,
} from "../../api/eventTypes";
import { useAllowed } from "../../routes/allowed";
import { useApi } from "../../routes/tenant";
import { ActionButton } from "../../ui/ActionButton";
import { Facts } from "../../ui/Facts";
import { TextLink } from "../../ui/links";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { When } from "../../ui/When";
import { EditEventType } from "./EditEventType";
import { Versions } from "./Versions";

const route = getRouteApi("/shell/event-types/$name");

/** One entry of the catalogue. */
export function EventType() {
  const { name } = route.useParams();
  const { version } = route.useSearch();
  const navigate = route.useNavigate();
  const stored = useQuery(eventTypeQuery(useApi(), name));
  const mayWrite = useAllowed("events:write");

  return (
    <>
      <PageHead title={`Event type ${name}`}>
        {stored.data && mayWrite && <Acts type={stored.data.head} />}
      </PageHead>
      {stored.isError && <ProblemAlert error={stored.error} retry={() => void stored.refetch()} />}
      {stored.isPending && <Skeleton height={200} />}
      {stored.data && (
        <Stack>
          <Told type={stored.data.head} />
          <Versions
            type={name}
            versions={stored.data.versions}
            shown={version}
            onShow={(shown) =>
              void navigate({ search: (now) => ({ ...now, version: shown }), replace: true })
            }
          />
        </Stack>
      )}
    </>
  );
}

function Acts({ type }: { type: Head }) {
  const api = useApi();
  const navigate = route.useNavigate();
  const [editing, { open, close }] = useDisclosure();
  const { name, deprecated } = type;
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        Edit
      </Button>
      {deprecated ? (
        <ActionButton
          label="Put to use again"
          run={() => changeEventType(api, name, { deprecated: false })}
          done="It is in use again."
        />
      ) : (
        <ActionButton
          label="Deprecate"
          confirm="Readers are told not to build on it. Events of it are taken and delivered as before."
          run={() => changeEventType(api, name, { deprecated: true })}
          done="It is deprecated."
        />
      )}
      <ActionButton
        label="Delete"
        color="red"
        confirm="It goes out of the catalogue with its versions. Events of it stay; new ones are refused where event types are strict."
        run={() => deleteEventType(api, name)}
        done="It is deleted."
        onDone={() => navigate({ to: "/event-types" })}
      />
      <Modal opened={editing} onClose={close} title={`Edit ${name}`}>
        <EditEventType type={type} onClose={close} />
      </Modal>
    </>
  );
}

function Told({ type }: { type: Head }) {
  return (
    <Card withBorder aria-live="polite">
      <Facts
        facts={{
          Description: type.description || "–",
          State: type.deprecated ? <Badge color="yellow">deprecated</Badge> : "in use",
          "Used by": (
            <Group gap="sm">
              <TextLink to="/events" search={{ type: type.name }} size="sm">
                Its events
              </TextLink>
              <TextLink to="/subscriptions" search={{ event_type: type.name }} size="sm">
                Subscriptions to it
              </TextLink>
            </Group>
          ),
          Created: <When at={type.created_at} />,
          Updated: <When at={type.updated_at} />,
        }}
      />
    </Card>
  );
}
