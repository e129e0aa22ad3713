//! The catalogue of event types, and the versions of each.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0004_event_types",
    up: "
CREATE TABLE event_types (
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    deprecated {bool} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CREATE TABLE event_type_versions (
    tenant_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    schema {json},
    example {json},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name, version),
    FOREIGN KEY (tenant_id, name) REFERENCES event_types (tenant_id, name) ON DELETE CASCADE
);
",
    down: "
DROP TABLE event_type_versions;
DROP TABLE event_types;
",
};
