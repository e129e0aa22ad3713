import { Alert, Group, Text } from "@mantine/core";
import { changeSubscription, type Subscription } from "../../../api/subscriptions";
import { ActionButton } from "../../../ui/ActionButton";
import { ButtonLink } from "../../../ui/links";
import { useAllowed } from "../../../routes/allowed";
import { useApi } from "../../../routes/tenant";

/** Why a subscription gets nothing at the moment, what that means, and the way out of it. */
export function Resting({ subscription: { id, status, disabled_reason } }: { subscription: Subscription }) {
  const api = useApi();
  const mayWrite = useAllowed("subscriptions:write");
  const seesDeliveries = useAllowed("deliveries:read");
  const start = (label: string, confirm?: string) =>
    mayWrite && (
      <ActionButton
        label={label}
        confirm={confirm}
        run={() => changeSubscription(api, id, { status: "active" })}
        done="It is active."
      />
    );

  if (status === "active") return null;
  if (status === "paused") {
    return (
      <Alert color="yellow" title="Paused" mb="md">
        <Text size="sm">Deliveries are made, and wait until it is resumed.</Text>
        <Group mt="sm">
          {start("Resume")}
          {seesDeliveries && (
            <ButtonLink
              to="/deliveries"
              search={{ subscription_id: id, status: ["pending", "retrying"] }}
              size="xs"
              variant="default"
            >
              What waits
            </ButtonLink>
          )}
        </Group>
      </Alert>
    );
  }
  return (
    <Alert color="red" title="Disabled" mb="md">
      <Text size="sm">{disabled_reason !== null && reasons[disabled_reason]}</Text>
      <Text size="sm">No deliveries are made; what waited has become dead letters.</Text>
      <Group mt="sm">
        {start(
          "Enable",
          "Deliveries are made again for events from now on. Dead letters come back by replay only.",
        )}
        {seesDeliveries && (
          <ButtonLink to="/dead-letters" search={{ subscription_id: id }} size="xs" variant="default">
            Its dead letters
          </ButtonLink>
        )}
      </Group>
    </Alert>
  );
}

const reasons = {
  requested: "Somebody has asked for it.",
  gone: "The receiver answered that it wants no more: 410, or that its address is gone.",
  failing: "Nothing succeeded there for five days.",
};
