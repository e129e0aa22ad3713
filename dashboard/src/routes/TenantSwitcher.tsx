import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { tenantChoices } from "../api/tenants";
import { stringifySearch } from "../lib/address";
import { useTenant } from "./tenant";

const ALL = "";

/** Whose webhooks the operator looks at. */
export function TenantSwitcher() {
  const choices = useQuery(tenantChoices);
  const tenant = useTenant() ?? ALL;
  const router = useRouter();

  const options = (choices.data?.tenants ?? []).map(({ id, name }) => ({ value: id, label: name }));
  // One of a link, not among the first: it is shown by its id.
  const missing = tenant !== ALL && options.every(({ value }) => value !== tenant);

  function choose(chosen: string | null) {
    // Ids in the address are of one tenant, so one goes to the list of what one is looking at, without filters.
    const section = router.state.location.pathname.split("/")[1] ?? "";
    const search = stringifySearch({ tenant: chosen === ALL || chosen === null ? undefined : chosen });
    router.history.push(`/${section}${search}`);
  }

  return (
    <Select
      aria-label="Tenant"
      w={{ base: 150, sm: 220 }}
      searchable
      value={tenant}
      onChange={choose}
      allowDeselect={false}
      data={[
        { value: ALL, label: "All tenants" },
        ...options,
        ...(missing ? [{ value: tenant, label: tenant }] : []),
      ]}
      nothingFoundMessage={choices.data?.more ? "Not among the newest 1,000: see Tenants" : "No such tenant"}
      error={choices.isError}
      limit={100}
    />
  );
}
