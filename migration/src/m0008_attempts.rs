//! Attempts, with what came back. What was sent is derived (from the attempt's instant and number
//! and the subscription's state then) and not stored. What the receiver said is bytes.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0008_attempts",
    up: "
CREATE TABLE attempts (
    delivery_id {uuid} NOT NULL,
    number SMALLINT NOT NULL,
    subscription_revision BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_ms INTEGER NOT NULL,
    queue_ms INTEGER NOT NULL,
    dns_ms INTEGER,
    connect_ms INTEGER,
    tls_ms INTEGER,
    first_byte_ms INTEGER,
    remote_ip TEXT,
    http_version SMALLINT,
    status_code SMALLINT,
    failure_reason SMALLINT,
    error {bytes},
    response_headers {bytes},
    response_body {bytes},
    response_truncated {bool} NOT NULL,
    PRIMARY KEY (delivery_id, number)
){without_rowid}{by_range(delivery_id)};
{default_partition(attempts)}
",
    down: "DROP TABLE attempts;",
};
