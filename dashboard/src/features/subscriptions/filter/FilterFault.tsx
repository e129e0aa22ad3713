import { Alert, Code, Text } from "@mantine/core";
import { placeOf } from "./place";

/** What is wrong with a filter, and where. */
export function FilterFault({ filter, detail }: { filter: string; detail: string }) {
  const place = placeOf(filter, detail);
  return (
    <Alert color="red" role="alert" title={place ? titleAt(place) : "The filter cannot be used"}>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {place?.reason ?? detail}
      </Text>
      {place !== null && (
        <Code block mt="xs" tabIndex={0} role="region" aria-label="The line with the fault">
          {place.shown}
        </Code>
      )}
    </Alert>
  );
}

function titleAt({ line, column }: { line: number; column: number }): string {
  return `The filter has a fault in line ${line}, column ${column}`;
}
