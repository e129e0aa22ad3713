//! Sessions of the dashboard, found by the hash of their cookie. Each stands for the key, or portal link, that it was
//! opened with, by its hash as well: what ends that ends the session.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0024_sessions",
    up: "
CREATE TABLE sessions (
    hash {bytes} NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('operator', 'key', 'portal_link')),
    credential {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);
",
    down: "DROP TABLE sessions;",
};
