//! Tenants. A deleted one keeps its row, as a tombstone, until its data has been erased; its
//! external id is free again at once.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0002_tenants",
    up: "
CREATE TABLE tenants (
    id {uuid} NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    external_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    strict_event_types {bool} NOT NULL,
    rate_limit {json},
    ingest_rate_limit {json},
    egress {json} NOT NULL,
    sandbox {bool} NOT NULL,
    metadata {json} NOT NULL,
    subscription_revision BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX tenants_external_id ON tenants (external_id) WHERE deleted_at IS NULL;
",
    down: "DROP TABLE tenants;",
};
