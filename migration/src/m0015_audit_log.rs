//! The audit log: one row for each change that somebody asked for, and for each look at a secret. A row
//! is never changed; it goes with its tenant.
//!
//! `tenant_id` is NULL for what concerns the operator alone. The instant is the one in the id.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0015_audit_log",
    up: "
CREATE TABLE audit_log (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid},
    action TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('operator', 'key')),
    key_id {uuid},
    resource_id TEXT NOT NULL,
    changes {json},
    request_id TEXT NOT NULL,
    source_ip TEXT,
    CHECK ((actor = 'key') = (key_id IS NOT NULL))
);
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, id);
{append_only(audit_log)}
",
    down: "
DROP TABLE audit_log;
{drop_append_only(audit_log)}
",
};
