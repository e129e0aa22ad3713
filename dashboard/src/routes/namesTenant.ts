import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/session";
import { useTenant } from "./tenant";

/** Whether it is clear whose a new thing would be: the operator has to have chosen a tenant. */
export function useNamesTenant(): boolean {
  const session = useQuery(sessionQuery);
  const tenant = useTenant();
  return tenant !== undefined || session.data?.actor !== "operator";
}
