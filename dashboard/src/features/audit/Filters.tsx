import { MultiSelect, TagsInput } from "@mantine/core";
import { actions, type AuditFilters } from "../../api/audit";
import { someOf, texts } from "../../lib/params";
import { FilterBar } from "../../ui/FilterBar";

interface Props {
  filters: AuditFilters;
  onChange: (change: AuditFilters) => void;
}

const nouns = [...new Set(actions.map(nounOf))];
const grouped = nouns.map((noun) => ({
  group: noun.replaceAll("_", " "),
  items: actions.filter((action) => nounOf(action) === noun),
}));

function nounOf(action: string): string {
  return action.split(".")[0] ?? "";
}

export function Filters({ filters, onChange }: Props) {
  return (
    <FilterBar time={filters} onTime={onChange}>
      <MultiSelect
        label="Action"
        placeholder={filters.action === undefined ? "Any" : undefined}
        searchable
        clearable
        data={grouped}
        value={filters.action ?? []}
        onChange={(chosen) => onChange({ action: someOf(chosen, actions) })}
        nothingFoundMessage="No such action"
      />
      <TagsInput
        label="Actor"
        placeholder={filters.actor === undefined ? "operator, key_…, plk_…" : undefined}
        data={["operator", "system"]}
        splitChars={[",", " "]}
        clearable
        value={filters.actor ?? []}
        onChange={(chosen) => onChange({ actor: texts(chosen) })}
      />
      <TagsInput
        label="Resource id"
        placeholder={filters.resource_id === undefined ? "sub_…, order.paid" : undefined}
        splitChars={[",", " "]}
        clearable
        value={filters.resource_id ?? []}
        onChange={(chosen) => onChange({ resource_id: texts(chosen) })}
      />
    </FilterBar>
  );
}
