import { Alert, Button, Code, List, Text } from "@mantine/core";
import { asProblem, type Fault } from "../api/problem";
import { waitText } from "./wait";

interface Props {
  error: unknown;
  retry?: () => void;
  /** The faults to list, where a form shows the others at its fields. */
  faults?: Fault[];
}

/** Shows what went wrong, everywhere in the same way. */
export function ProblemAlert({ error, retry, faults }: Props) {
  const problem = asProblem(error);
  const listed = faults ?? problem.errors;
  const wait = waitText(problem.retryAfterS);
  return (
    <Alert color="red" title={problem.title} role="alert" w="100%">
      {/* With faults, the detail is the first of them again. */}
      {problem.errors.length === 0 && problem.detail !== "" && (
        // What a parser says may have lines, with a mark below the place.
        <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {problem.detail}
        </Text>
      )}
      {problem.code === "tenant_required" && <Text size="sm">Choose a tenant in the header.</Text>}
      {listed.length > 0 && (
        <List size="sm" mt="xs">
          {listed.map(({ pointer, detail }) => (
            <List.Item key={pointer + detail}>
              {pointer !== "" && <Code>{pointer}</Code>} {detail}
            </List.Item>
          ))}
        </List>
      )}
      {wait !== "" && <Text size="sm">{wait}</Text>}
      {problem.requestId !== null && (
        <Text size="xs" mt="xs">
          Request {problem.requestId}
        </Text>
      )}
      {retry !== undefined && (
        <Button size="xs" variant="light" color="red" mt="sm" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
