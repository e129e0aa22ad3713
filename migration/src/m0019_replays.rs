//! Replays: what is to be sent again, how far that has come, and where it goes on (`stage` and `cursor`). `steps`
//! grows with each commit of one: whoever makes the next says which one it was.
//!
//! `deliveries_replay` finds a replay's deliveries by how they stand; those of no replay are not in it.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0019_replays",
    up: "
CREATE TABLE replays (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    subscription_id {uuid},
    event_types {json} NOT NULL,
    statuses {json} NOT NULL,
    rate_per_second DOUBLE PRECISION NOT NULL,
    automatic {bool} NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'paused', 'completed', 'cancelled')),
    matched BIGINT NOT NULL,
    enqueued BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    stage SMALLINT NOT NULL CHECK (stage BETWEEN 0 AND 2),
    cursor {bytes},
    steps BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT
);
CREATE INDEX replays_tenant ON replays (tenant_id, id);
CREATE INDEX replays_completed ON replays (completed_at);
CREATE INDEX replays_unfinished ON replays (id) WHERE completed_at IS NULL;
CREATE INDEX replays_automatic ON replays (subscription_id, id) WHERE automatic;
CREATE INDEX subscriptions_auto_replay ON subscriptions (id) WHERE auto_replay IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX deliveries_replay ON deliveries (replay_id, status) WHERE replay_id IS NOT NULL;
",
    down: "
DROP INDEX deliveries_replay;
DROP INDEX subscriptions_auto_replay;
DROP TABLE replays;
",
};
