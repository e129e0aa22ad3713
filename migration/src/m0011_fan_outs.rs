//! Events whose deliveries are too many for one commit: who gets it is committed with the event, and
//! the deliveries follow in chunks. The row is gone when the last of them is written.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0011_fan_outs",
    up: "
CREATE TABLE fan_outs (
    event_id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    event_type TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    recipients {json} NOT NULL,
    written INTEGER NOT NULL CHECK (written >= 0),
    PRIMARY KEY (event_id, tenant_id)
){without_rowid};
",
    down: "DROP TABLE fan_outs;",
};
