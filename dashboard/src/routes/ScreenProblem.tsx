import type { ErrorComponentProps } from "@tanstack/react-router";
import { ProblemAlert } from "../ui/ProblemAlert";

/** In place of a screen that could not be loaded (a new version was installed meanwhile) or failed. */
export function ScreenProblem({ error }: ErrorComponentProps) {
  return <ProblemAlert error={error} retry={() => window.location.reload()} />;
}
