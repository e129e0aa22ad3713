import { expect, test } from "vitest";
import { versionsOf, versionsText } from "../../api/eventTypes";
import { ProblemError } from "../../api/problem";
import { isEmpty, noVersion, sortFaults, valuesOf, versionFaults, versionOf } from "./versionForm";

test("versions keep the digits of their examples", () => {
  const text = '[{"version":"1\\"","schema":{"a":[1]},"example":{"n":12345678901234567890,"d":1.0}}]';
  const versions = versionsOf(`{"name":"a","versions":${text}}`);
  expect(versions[0]?.version).toBe('1"');
  expect(versionsText(versions)).toBe(text);
  const [version] = versions;
  expect(version && versionOf(valuesOf(version)).example).toContain("12345678901234567890");
});

test("what is empty is not given", () => {
  expect(isEmpty({ ...noVersion, schema: " \n" })).toBe(true);
  expect(versionOf({ version: " 1 ", schema: " ", example: "false" })).toEqual({
    version: "1",
    schema: null,
    example: "false",
  });
});

test("what is no JSON is told at its field", () => {
  const faults = versionFaults({ version: "", schema: "{", example: "1" });
  expect(Object.keys(faults)).toEqual(["version", "schema"]);
});

test("a fault within a schema is told by its line", () => {
  const problem = new ProblemError({
    errors: [
      { pointer: "/versions/2/schema/properties/n/type", detail: "is none" },
      { pointer: "/versions/2/example", detail: "is missing" },
      { pointer: "/versions/2/example", detail: "is needed" },
      { pointer: "/versions/20/schema", detail: "is another's" },
    ],
  });
  const values = { version: "3", schema: '{"properties":\n{"n":\n{"type": "x"}}}', example: "" };
  const { fields, rest } = sortFaults(problem, 2, values);
  expect(fields.schema).toBe("Line 3, /properties/n/type: is none");
  expect(fields.example).toBe("is missing\nis needed");
  expect(rest.map(({ detail }) => detail)).toEqual(["is another's"]);
});
