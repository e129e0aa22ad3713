//! What retention looks for: dead letters that have been open for long. Everything else that it
//! takes away is found by the time in ids.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0013_retention",
    up: "
CREATE INDEX dead_letters_open_since ON dead_letters (dead_at) WHERE resolved_at IS NULL;
",
    down: "DROP INDEX dead_letters_open_since;",
};
