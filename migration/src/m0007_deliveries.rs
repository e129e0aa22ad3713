//! Deliveries: the one table that is written for each of them more than once, so it is narrow, and
//! each index has to earn its cost.
//!
//! There is no `created_at`: it is the time in the id. A delivery is due exactly while it is not
//! final, and completed exactly when it is; the checks hold the three columns together.
//!
//! | number | `status` | `"trigger"` | `class` |
//! | --- | --- | --- | --- |
//! | 0 | pending | event | first try |
//! | 1 | retrying | redelivery | retry |
//! | 2 | succeeded | replay | replay |
//! | 3 | failed | test | |
//! | 4 | cancelled | | |
//!
//! What waits is in one of two indexes: `deliveries_due`, from which lanes are filled, and, if it has a
//! number, `deliveries_ordered`, whose first entry is the head of an ordered lane. (`sequence`, always
//! NULL in the former, is there so that the index answers by itself.) `deliveries_again` finds what was
//! made of an event after it was accepted: redeliveries, replays and tests.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0007_deliveries",
    up: "
CREATE TABLE deliveries (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL,
    event_id {uuid} NOT NULL,
    subscription_id {uuid} NOT NULL,
    subscription_revision BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    status SMALLINT NOT NULL CHECK (status BETWEEN 0 AND 4),
    \"trigger\" SMALLINT NOT NULL CHECK (\"trigger\" BETWEEN 0 AND 3),
    class SMALLINT NOT NULL CHECK (class BETWEEN 0 AND 2),
    attempt_count SMALLINT NOT NULL,
    max_attempts SMALLINT NOT NULL,
    next_attempt_at BIGINT,
    sequence BIGINT,
    last_status_code SMALLINT,
    failure_reason SMALLINT,
    last_error {bytes},
    completed_at BIGINT,
    replay_id {uuid},
    CHECK ((next_attempt_at IS NULL) = (status IN (2, 3, 4))),
    CHECK ((completed_at IS NULL) = (next_attempt_at IS NOT NULL)),
    CHECK (attempt_count BETWEEN 0 AND max_attempts)
){without_rowid}{by_range(id)};
{default_partition(deliveries)}
CREATE INDEX deliveries_due ON deliveries (subscription_id, class, next_attempt_at, id, sequence)
    WHERE sequence IS NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_tenant ON deliveries (tenant_id, id);
CREATE INDEX deliveries_subscription ON deliveries (subscription_id, id);
CREATE INDEX deliveries_again ON deliveries (event_id) WHERE \"trigger\" <> 0;
CREATE INDEX deliveries_ordered ON deliveries (subscription_id, sequence)
    WHERE sequence IS NOT NULL AND next_attempt_at IS NOT NULL;
",
    down: "DROP TABLE deliveries;",
};
