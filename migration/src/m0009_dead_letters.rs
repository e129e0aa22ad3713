//! Dead letters: one row for each delivery that failed for good, kept until it is replayed or
//! discarded.
//!
//! A success resolves every earlier dead letter of its event at its subscription, which
//! `dead_letters_event` finds; the other two indexes are the two lists.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0009_dead_letters",
    up: "
CREATE TABLE dead_letters (
    delivery_id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL,
    event_id {uuid} NOT NULL,
    subscription_id {uuid} NOT NULL,
    event_type TEXT NOT NULL,
    dead_at BIGINT NOT NULL,
    resolved_at BIGINT,
    resolution TEXT CHECK (resolution IN ('replayed', 'discarded')),
    CHECK ((resolved_at IS NULL) = (resolution IS NULL))
){without_rowid};
CREATE INDEX dead_letters_unresolved ON dead_letters (tenant_id, delivery_id)
    WHERE resolved_at IS NULL;
CREATE INDEX dead_letters_event ON dead_letters (subscription_id, event_id)
    WHERE resolved_at IS NULL;
CREATE INDEX dead_letters_resolved ON dead_letters (tenant_id, delivery_id)
    WHERE resolved_at IS NOT NULL;
",
    down: "DROP TABLE dead_letters;",
};
