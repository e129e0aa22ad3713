import { notifications } from "@mantine/notifications";
import { asProblem } from "../api/problem";
import { waitText } from "./wait";

/** Tells of a failed act where no form or page is there to show it. */
export function reportProblem(error: unknown): void {
  const problem = asProblem(error);
  const faults = problem.errors.map((fault) => fault.detail);
  const details = faults.length === 0 ? [problem.detail] : faults;
  const message = [...details, waitText(problem.retryAfterS)].filter(Boolean).join(" ");
  notifications.show({ color: "red", title: problem.title, message, autoClose: 10_000 });
}

export function reportDone(message: string): void {
  notifications.show({ color: "green", message });
}
