//! The audit log names portal links and Posthaste itself beside keys and the operator: `key_id` becomes
//! `actor_id`, and what nobody asked for has no request. SQLite changes no CHECK, so the table is made anew. The
//! former column goes in the same step: no release has had it.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0016_audit_actors",
    up: "
CREATE TABLE audit_log_next (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid},
    action TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('operator', 'key', 'portal_link', 'system')),
    actor_id {uuid},
    resource_id TEXT NOT NULL,
    changes {json},
    request_id TEXT,
    source_ip TEXT,
    CHECK ((actor IN ('key', 'portal_link')) = (actor_id IS NOT NULL)),
    CHECK ((actor = 'system') = (request_id IS NULL))
);
INSERT INTO audit_log_next SELECT id, tenant_id, action, actor, key_id, resource_id, changes, request_id, source_ip
    FROM audit_log;
DROP TABLE audit_log;
{drop_append_only(audit_log)}
ALTER TABLE audit_log_next RENAME TO audit_log;
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, id);
{append_only(audit_log)}
",
    // Entries of links and of Posthaste itself cannot be told in the former words.
    down: "
CREATE TABLE audit_log_next (
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
INSERT INTO audit_log_next SELECT id, tenant_id, action, actor, actor_id, resource_id, changes, request_id, source_ip
    FROM audit_log WHERE actor IN ('operator', 'key');
DROP TABLE audit_log;
{drop_append_only(audit_log)}
ALTER TABLE audit_log_next RENAME TO audit_log;
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, id);
{append_only(audit_log)}
",
};
