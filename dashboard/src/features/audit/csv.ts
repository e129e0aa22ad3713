import type { AuditEntry } from "../../api/audit";

const columns: { title: string; value: (entry: AuditEntry) => string | null | undefined }[] = [
  { title: "created_at", value: (entry) => entry.created_at },
  { title: "id", value: (entry) => entry.id },
  { title: "tenant_id", value: (entry) => entry.tenant_id },
  { title: "action", value: (entry) => entry.action },
  { title: "actor_type", value: (entry) => entry.actor.type },
  { title: "actor_id", value: (entry) => entry.actor.id },
  { title: "resource_type", value: (entry) => entry.resource.type },
  { title: "resource_id", value: (entry) => entry.resource.id },
  { title: "source_ip", value: (entry) => entry.source_ip },
  { title: "request_id", value: (entry) => entry.request_id },
  { title: "changes", value: (entry) => entry.changes && JSON.stringify(entry.changes) },
];

/** Entries as RFC 4180 has them. */
export function csvOf(entries: AuditEntry[]): string {
  const rows = entries.map((entry) => columns.map(({ value }) => value(entry) ?? ""));
  const lines = [columns.map(({ title }) => title), ...rows].map((row) => row.map(cellOf).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

/**
 * A spreadsheet takes a cell that begins like a formula for one, and would run what somebody has chosen as a name.
 * An apostrophe in front makes it text.
 */
export function cellOf(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
