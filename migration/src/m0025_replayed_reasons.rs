//! Which failures a replay is about; none named: all.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0025_replayed_reasons",
    up: "ALTER TABLE replays ADD COLUMN failure_reasons {json} NOT NULL DEFAULT '[]';",
    down: "ALTER TABLE replays DROP COLUMN failure_reasons;",
};
