//! Events. The key is (id, tenant): a caller may choose the id, and two tenants with the same one
//! never notice each other.
//!
//! On SQLite the table keeps its rowid: bodies are long, and a long row in a `WITHOUT ROWID` table
//! overflows already at a quarter of a page.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0006_events",
    up: "
CREATE TABLE events (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    type TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    data {bytes} NOT NULL,
    metadata {bytes} NOT NULL,
    correlation_id {bytes},
    version {bytes},
    traceparent TEXT,
    deliver_at BIGINT,
    delivery_count INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id, tenant_id)
){by_range(id)};
{default_partition(events)}
CREATE INDEX events_tenant ON events (tenant_id, created_at, id);
CREATE INDEX events_correlation ON events (tenant_id, correlation_id)
    WHERE correlation_id IS NOT NULL;
",
    down: "DROP TABLE events;",
};
