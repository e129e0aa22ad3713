import type { Version } from "../../api/eventTypes";
import type { Fault, ProblemError } from "../../api/problem";
import { jsonFault } from "../../lib/jsonFault";
import { lineOf, pretty } from "../../lib/raw";

/** A version as it is typed: what is empty is not given. */
export interface VersionValues {
  version: string;
  schema: string;
  example: string;
}

export const noVersion: VersionValues = { version: "", schema: "", example: "" };

export function valuesOf({ version, schema, example }: Version): VersionValues {
  return { version, schema: pretty(schema ?? ""), example: pretty(example ?? "") };
}

export function versionOf({ version, schema, example }: VersionValues): Version {
  return { version: version.trim(), schema: given(schema), example: given(example) };
}

function given(text: string): string | null {
  return text.trim() === "" ? null : text;
}

export function isEmpty({ version, schema, example }: VersionValues): boolean {
  return [version, schema, example].every((text) => text.trim() === "");
}

/** What can be told without the server. */
export function versionFaults(values: VersionValues): Partial<VersionValues> {
  const schema = jsonFault(values.schema);
  const example = jsonFault(values.example);
  return {
    ...(values.version.trim() === "" && { version: "A version needs a name, such as 1 or 2026-01-21." }),
    ...(schema !== null && { schema }),
    ...(example !== null && { example }),
  };
}

export interface SortedFaults {
  fields: Partial<VersionValues>;
  rest: Fault[];
}

/**
 * Sorts what the server refuses of the version at `index` to its fields. A fault within a JSON text is told with the
 * line that it is in, and the way to it.
 */
export function sortFaults(problem: ProblemError, index: number, values: VersionValues): SortedFaults {
  const sorted: SortedFaults = { fields: {}, rest: [] };
  for (const fault of problem.errors) {
    const field = (["version", "schema", "example"] as const).find((name) =>
      `${fault.pointer}/`.startsWith(`/versions/${index}/${name}/`),
    );
    if (field === undefined) {
      sorted.rest.push(fault);
      continue;
    }
    const within = fault.pointer.slice(`/versions/${index}/${field}`.length);
    const text = values[field];
    const told =
      within === "" || jsonFault(text) !== null
        ? fault.detail
        : `Line ${lineOf(text, within)}, ${within}: ${fault.detail}`;
    sorted.fields[field] = [sorted.fields[field], told].filter(Boolean).join("\n");
  }
  return sorted;
}
