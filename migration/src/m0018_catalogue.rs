//! An event type is one row with its versions, in their order, and is listed by when it was made. A tenant's
//! `catalogue_revision` grows with every change of one.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0018_catalogue",
    up: "
DROP TABLE event_type_versions;
DROP TABLE event_types;
CREATE TABLE event_types (
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    versions {json} NOT NULL,
    deprecated {bool} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CREATE INDEX event_types_created ON event_types (created_at, tenant_id, name);
ALTER TABLE tenants ADD COLUMN catalogue_revision BIGINT NOT NULL DEFAULT 0;
",
    down: "
ALTER TABLE tenants DROP COLUMN catalogue_revision;
DROP TABLE event_types;
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
};
