//! What belongs to the deployment as a whole, such as the operator key's hash and the proof of the
//! master key.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0001_instance",
    up: "
CREATE TABLE instance (
    name TEXT NOT NULL PRIMARY KEY,
    value {bytes} NOT NULL
);
",
    down: "DROP TABLE instance;",
};
