import { MultiSelect } from "@mantine/core";
import { deliveryStatuses, failureReasons, type DeliveryFilters } from "../../api/deliveries";
import { FilterBar } from "../../ui/FilterBar";
import { FilterField } from "../../ui/FilterField";
import { SubscriptionPicker } from "../../ui/SubscriptionPicker";
import { someOf } from "../../lib/params";

interface Props {
  value: DeliveryFilters;
  onChange: (change: DeliveryFilters) => void;
  /** Dead letters have but one status. */
  withStatus?: boolean;
}

/** The filters that lists of deliveries and of dead letters share. */
export function Filters({ value, onChange, withStatus = true }: Props) {
  return (
    <FilterBar time={value} onTime={onChange}>
      {withStatus && (
        <MultiSelect
          label="Status"
          placeholder={value.status === undefined ? "Any" : undefined}
          data={deliveryStatuses}
          value={value.status ?? []}
          onChange={(chosen) => onChange({ status: someOf(chosen, deliveryStatuses) })}
          clearable
        />
      )}
      <SubscriptionPicker
        value={value.subscription_id}
        onChange={(subscription_id) => onChange({ subscription_id })}
      />
      <FilterField
        label="Event type"
        placeholder="Any"
        value={value.event_type}
        onCommit={(event_type) => onChange({ event_type })}
      />
      <FilterField
        label="Event id"
        placeholder="evt_…"
        value={value.event_id}
        onCommit={(event_id) => onChange({ event_id })}
      />
      <MultiSelect
        label="Failure reason"
        placeholder={value.failure_reason === undefined ? "Any" : undefined}
        data={failureReasons}
        value={value.failure_reason ?? []}
        onChange={(chosen) => onChange({ failure_reason: someOf(chosen, failureReasons) })}
        clearable
      />
    </FilterBar>
  );
}
