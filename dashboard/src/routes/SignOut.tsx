import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { inPortal } from "../api/portal";
import { signOut } from "../api/session";
import { reportProblem } from "../ui/report";

export function SignOut() {
  const leave = useMutation({ mutationFn: signOut, onError: reportProblem });
  return (
    <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
      {inPortal() ? "Leave" : "Sign out"}
    </Button>
  );
}
