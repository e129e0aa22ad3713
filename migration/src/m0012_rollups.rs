//! Figures of minutes, hours and days, and what is still to be added to them.
//!
//! `rollups` has one row for each width, scope and stretch of time in which something happened. A scope is one
//! subscription, one tenant (the subscription is the nil UUID) or all tenants (both are): a chart is one
//! range of the key. `rollup_deltas` has one row for each commit that made something to be counted; whoever leads
//! adds them up. `sums` is `domain::stats::Sums`, in a delta one for each scope and minute.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0012_rollups",
    up: "
CREATE TABLE rollups (
    width_s INTEGER NOT NULL CHECK (width_s IN (60, 3600, 86400)),
    tenant_id {uuid} NOT NULL,
    subscription_id {uuid} NOT NULL,
    start_at BIGINT NOT NULL,
    sums {bytes} NOT NULL,
    PRIMARY KEY (width_s, tenant_id, subscription_id, start_at)
){without_rowid};
CREATE TABLE rollup_deltas (
    id {uuid} NOT NULL PRIMARY KEY,
    sums {bytes} NOT NULL
){without_rowid};
",
    down: "
DROP TABLE rollup_deltas;
DROP TABLE rollups;
",
};
