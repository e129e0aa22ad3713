import { describe, expect, test } from "vitest";
import { elements, lineOf, member, members, pretty, withMember } from "./raw";

describe("a member's text", () => {
  test("is told byte for byte", () => {
    const data = '{"n":12345678901234567890, "d":1.0,"2":0,"1":0,"a":1,"a":2,"s":"\\u00e9\\"}]"}';
    expect(member(`{"id":"evt_1","data":${data},"metadata":{}}`, "data")).toBe(data);
  });

  test("is found only at the top", () => {
    expect(member('{"metadata":{"data":1},"x":["data",{"data":2}],"data":3}', "data")).toBe("3");
    expect(member('{"metadata":{"data":1}}', "data")).toBeNull();
  });

  test("may be any value", () => {
    for (const value of ["null", "true", "-1.5e300", '""', "[]", "{}", '"}"', "[[1],[2]]"]) {
      expect(member(`{ "data" : ${value} , "z":1}`, "data")).toBe(value);
      expect(member(`{"z":1,"data":${value}}`, "data")).toBe(value);
    }
  });
});

test("parts keep their text", () => {
  expect(elements(' [1.0, {"a": [2]} ,"]"] ')).toEqual(["1.0", '{"a": [2]}', '"]"']);
  expect(elements("[ ]")).toEqual([]);
  expect([...members('{"b": 1.0, "a~/": [1 ,2]}')]).toEqual([
    ["b", "1.0"],
    ["a~/", "[1 ,2]"],
  ]);
});

test("a member is added as it is written", () => {
  expect(withMember("{}", "n", "1.0")).toBe('{"n":1.0}');
  expect(withMember('{"a":{}}', "n", "[1]")).toBe('{"a":{},"n":[1]}');
  expect(withMember('{"a":1}', "n", null)).toBe('{"a":1}');
});

test("a pointer leads to a line", () => {
  const json = '{\n  "list": [\n    1,\n    {"a/b":\n 2}\n  ]\n}';
  expect(lineOf(json, "")).toBe(1);
  expect(lineOf(json, "/list/1")).toBe(4);
  expect(lineOf(json, "/list/1/a~1b")).toBe(5);
  expect(lineOf(json, "/list/1/missing")).toBe(4);
});

describe("laid out", () => {
  test("it means the same", () => {
    const json = '{"a":[1,{"b":"x, y: {z}"},[],{ }],"c":null}';
    expect(JSON.parse(pretty(json))).toEqual(JSON.parse(json));
    expect(pretty(json)).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": "x, y: {z}"\n    },\n    [],\n    {}\n  ],\n  "c": null\n}',
    );
  });

  test("numbers keep their digits", () => {
    expect(pretty('{"n":12345678901234567890,"d":1.0}')).toContain("12345678901234567890");
    expect(pretty("1.0")).toBe("1.0");
  });
});
