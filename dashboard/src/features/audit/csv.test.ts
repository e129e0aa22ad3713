import { expect, test } from "vitest";
import type { AuditEntry } from "../../api/audit";
import { cellOf, csvOf } from "./csv";

test("no cell is taken for a formula", () => {
  expect(["=1+1", "+1", "-x.y", "@SUM(A1)", "\tx"].map(cellOf)).toEqual([
    "'=1+1",
    "'+1",
    "'-x.y",
    "'@SUM(A1)",
    "'\tx",
  ]);
  expect(cellOf('=HYPERLINK("https://example.com","x")')).toBe(
    '"\'=HYPERLINK(""https://example.com"",""x"")"',
  );
  expect(cellOf("sub_1-2=3")).toBe("sub_1-2=3");
});

test("what would break a line or a cell is quoted", () => {
  expect(cellOf('a "b", c')).toBe('"a ""b"", c"');
  expect(cellOf("a\nb")).toBe('"a\nb"');
});

test("each entry is a line", () => {
  const entry: AuditEntry = {
    id: "aud_1",
    action: "event_type.deleted",
    actor: { type: "system", id: null },
    resource: { type: "event_type", id: "-order.paid" },
    changes: { deprecated: { from: false, to: true } },
    request_id: null,
    source_ip: null,
    created_at: "2026-01-21T12:00:00Z",
  };
  const [head, line, ...rest] = csvOf([entry]).split("\r\n");
  expect(head).toBe(
    "created_at,id,tenant_id,action,actor_type,actor_id,resource_type,resource_id,source_ip,request_id,changes",
  );
  expect(line).toBe(
    '2026-01-21T12:00:00Z,aud_1,,event_type.deleted,system,,event_type,\'-order.paid,,,"{""deprecated"":{""from"":false,""to"":true}}"',
  );
  expect(rest).toEqual([""]);
});
