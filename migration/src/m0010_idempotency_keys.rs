//! Answers kept under an `Idempotency-Key`. The claim is the SHA-256 of scope, method, path and key;
//! its row is part of the same commit as what it protects. The answer is sealed: it may carry a
//! secret.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0010_idempotency_keys",
    up: "
CREATE TABLE idempotency_keys (
    claim {bytes} NOT NULL PRIMARY KEY,
    body_hash {bytes} NOT NULL,
    status SMALLINT NOT NULL,
    answer {bytes} NOT NULL,
    created_at BIGINT NOT NULL
){without_rowid};
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
",
    down: "DROP TABLE idempotency_keys;",
};
