import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { changeSubscription, revealSubscription, subscriptionToEditQuery } from "../../api/subscriptions";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { useApi } from "../../routes/tenant";
import { Fields } from "./Fields";
import { isEmpty, patchOf } from "./form/write";

/** Changes a subscription, from what it is when the form is opened. */
export function EditSubscription({ id, onClose }: { id: string; onClose: () => void }) {
  const api = useApi();
  const stored = useQuery(subscriptionToEditQuery(api, id));
  if (stored.isError) return <ProblemAlert error={stored.error} retry={() => void stored.refetch()} />;
  if (stored.isPending) return <Skeleton height={400} />;
  return (
    <Fields
      stored={stored.data}
      submitLabel="Save"
      submit={async (values, before) => {
        const patch = patchOf(before ?? stored.data, values);
        if (!isEmpty(patch)) await changeSubscription(api, id, patch.rest, patch.metadata);
        onClose();
      }}
      reveal={() => revealSubscription(api, id)}
      onClose={onClose}
    />
  );
}
