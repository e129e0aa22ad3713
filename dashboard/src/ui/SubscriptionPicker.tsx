import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { subscriptionChoices } from "../api/subscriptions";
import { useApi } from "../routes/tenant";

interface Props {
  value: string | undefined;
  onChange: (id: string | undefined) => void;
}

/** Filters by a subscription, which is found by its url or its id. */
export function SubscriptionPicker({ value, onChange }: Props) {
  const choices = useQuery(subscriptionChoices(useApi()));
  const options = (choices.data?.data ?? []).map(({ id, url }) => ({ value: id, label: `${url} (${id})` }));
  // A deleted one, or an old one that is not among the newest: it still filters.
  const missing = value !== undefined && options.every((option) => option.value !== value);
  return (
    <Select
      label="Subscription"
      placeholder="Any"
      searchable
      clearable
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
      data={missing ? [{ value, label: value }, ...options] : options}
      nothingFoundMessage="No such subscription"
      limit={100}
    />
  );
}
