import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import {
  changeSubscription,
  deleteSubscription,
  forgetSubscription,
  type Subscription,
} from "../../../api/subscriptions";
import { ActionButton } from "../../../ui/ActionButton";
import { useApi } from "../../../routes/tenant";
import { EditSubscription } from "../EditSubscription";

const route = getRouteApi("/shell/subscriptions/$id");

/** What can be done with a subscription, but for starting it again: that stands where it is told why it rests. */
export function Acts({ subscription }: { subscription: Subscription }) {
  const api = useApi();
  const navigate = route.useNavigate();
  const { id: named } = route.useParams();
  const [editing, { open, close }] = useDisclosure();
  const { id, status } = subscription;
  return (
    <>
      {status === "active" && (
        <ActionButton
          label="Pause"
          confirm="Deliveries are still made, and wait until it is resumed."
          run={() => changeSubscription(api, id, { status: "paused" })}
          done="It is paused."
        />
      )}
      {status !== "disabled" && (
        <ActionButton
          label="Disable"
          color="red"
          confirm="No deliveries are made any more, and what waits becomes dead letters."
          run={() => changeSubscription(api, id, { status: "disabled" })}
          done="It is disabled."
        />
      )}
      <Button size="xs" variant="default" onClick={open}>
        Edit
      </Button>
      <ActionButton
        label="Delete"
        color="red"
        confirm="It is gone at once, and what still waits for it is cancelled."
        run={() => deleteSubscription(api, id)}
        done="It is deleted."
        onDone={async () => {
          await navigate({ to: "/subscriptions" });
          forgetSubscription(api, named);
        }}
      />
      <Modal opened={editing} onClose={close} title="Edit subscription" size="xl">
        <EditSubscription id={id} onClose={close} />
      </Modal>
    </>
  );
}
