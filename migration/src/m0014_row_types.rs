//! What Postgres is given rows of the hot paths as: one parameter for all of a statement's rows of a kind,
//! which costs it half of what one array for each column does. SQLite has no such types.
//!
//! They are not the tables' own row types: a column more there must not be one more here while programs of the
//! release before are still writing.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0014_row_types",
    up: "
{row_type(event_row: id uuid, tenant_id uuid, type text, timestamp text, data bytea, metadata bytea, correlation_id bytea, version bytea, traceparent text, deliver_at bigint, delivery_count integer, created_at bigint)}
{row_type(delivery_row: id uuid, tenant_id uuid, event_id uuid, subscription_id uuid, subscription_revision bigint, event_type text, status smallint, trigger smallint, class smallint, attempt_count smallint, max_attempts smallint, next_attempt_at bigint, sequence bigint)}
{row_type(move_row: id uuid, number smallint, status smallint, class smallint, next_attempt_at bigint, code smallint, reason smallint, error bytea, completed_at bigint)}
{row_type(attempt_row: delivery_id uuid, number smallint, subscription_revision bigint, started_at bigint, duration_ms integer, queue_ms integer, dns_ms integer, connect_ms integer, tls_ms integer, first_byte_ms integer, remote_ip text, http_version smallint, status_code smallint, failure_reason smallint, error bytea, response_headers bytea, response_body bytea, response_truncated boolean)}
",
    down: "
{drop_row_type(event_row)}
{drop_row_type(delivery_row)}
{drop_row_type(move_row)}
{drop_row_type(attempt_row)}
",
};
