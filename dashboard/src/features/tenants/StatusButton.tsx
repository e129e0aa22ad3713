import { changeTenant, type Tenant } from "../../api/tenants";
import { ActionButton } from "../../ui/ActionButton";

/** Suspends a tenant, or lets it go on. */
export function StatusButton({ tenant: { id, name, status } }: { tenant: Tenant }) {
  return status === "active" ? (
    <ActionButton
      label="Suspend"
      color="red"
      confirm={`The keys of ${name} are refused, and its deliveries wait.`}
      run={() => changeTenant(id, { status: "suspended" })}
      done="The tenant is suspended."
    />
  ) : (
    <ActionButton
      label="Resume"
      run={() => changeTenant(id, { status: "active" })}
      done="The tenant is active."
    />
  );
}
