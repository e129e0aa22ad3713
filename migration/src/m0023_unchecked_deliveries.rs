//! Deliveries without checks on Postgres, which reads the text of each anew for every statement that writes: twice
//! for a delivery that takes one attempt, six checks each time. SQLite has them compiled with the statement, and
//! keeps them.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0023_unchecked_deliveries",
    up: "
{postgres(ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_status_check,
    DROP CONSTRAINT deliveries_trigger_check,
    DROP CONSTRAINT deliveries_class_check,
    DROP CONSTRAINT deliveries_check,
    DROP CONSTRAINT deliveries_check1,
    DROP CONSTRAINT deliveries_check2;)}
",
    down: "
{postgres(ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_status_check CHECK (status BETWEEN 0 AND 4),
    ADD CONSTRAINT deliveries_trigger_check CHECK (\"trigger\" BETWEEN 0 AND 3),
    ADD CONSTRAINT deliveries_class_check CHECK (class BETWEEN 0 AND 2),
    ADD CONSTRAINT deliveries_check CHECK ((next_attempt_at IS NULL) = (status IN (2, 3, 4))),
    ADD CONSTRAINT deliveries_check1 CHECK ((completed_at IS NULL) = (next_attempt_at IS NOT NULL)),
    ADD CONSTRAINT deliveries_check2 CHECK (attempt_count BETWEEN 0 AND max_attempts);)}
",
};
