//! Years of deliveries in minutes: rows written into a stopped server's database, past its routes.
//!
//! This is the one place in the bench that knows the tables, and `tests/rows.rs` holds it to the
//! schema. What it writes is what the server would have: an event, its delivery and the attempt, spread
//! evenly over [`SPAN`] up to an hour ago and over the subscriptions that are there.
//!
//! | of 100,000 deliveries | |
//! | --- | --- |
//! | 98,899 | succeeded at the first attempt |
//! | 1,000 | failed, and are dead letters |
//! | 100 | wait, an hour from now |
//! | 1 | was cancelled |
//!
//! Events carry two bytes of `data` instead of 512: no list shows it, and the disk is spared.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::server::Database;

/// The time over which the rows are spread.
pub const SPAN: Duration = Duration::from_secs(20 * 24 * 60 * 60);

/// How long ago the last of them was made, and how long from now those that wait are due.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// Rows of each table in one transaction.
const CHUNK: u64 = 250_000;

/// The share of deliveries that has an attempt: those that were neither cancelled nor still wait.
const ATTEMPTED_OF_100_000: u64 = 99_899;

/// Writes so many deliveries.
///
/// # Errors
/// When the database is not as the bench knows it.
pub fn fill(database: &Database<'_>, count: u64) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let now_ms = u64::try_from(now.as_millis()).context("the clock is far ahead")?;
    let mut chunks = (0..count).step_by(CHUNK as usize).map(|start| {
        let chunk = start..count.min(start + CHUNK);
        statements(database, &chunk, count, now_ms)
    });
    match database {
        Database::Sqlite(file) => {
            let database = rusqlite::Connection::open(file)
                .with_context(|| format!("opening {}", file.display()))?;
            // A crash costs nothing here, so there is no log and no waiting; then it is as it was.
            database.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
            database.execute_batch("PRAGMA cache_size = -262144;")?;
            chunks.try_for_each(|sql| database.execute_batch(&format!("BEGIN; {sql} COMMIT;")))?;
            database.execute_batch("PRAGMA journal_mode = WAL;")?;
        }
        Database::Postgres { server, runtime } => runtime.block_on(async {
            for sql in chunks {
                server.execute(&sql).await?;
            }
            // What the server itself would have done on the way.
            server.execute("VACUUM (ANALYZE)").await?;
            server.execute("CHECKPOINT").await
        })?,
    }
    Ok(())
}

/// How many attempts [`fill`] makes for so many deliveries, for whole hundred thousands exactly.
#[must_use]
pub fn attempts_of(count: u64) -> u64 {
    count * ATTEMPTED_OF_100_000 / 100_000
}

/// The statements for the deliveries whose numbers are in `chunk`, of `count` in all.
fn statements(database: &Database<'_>, chunk: &Range<u64>, count: u64, now_ms: u64) -> String {
    let margin_ms = MARGIN.as_millis();
    let span_ms = SPAN.as_millis();
    let first_ms = u128::from(now_ms).saturating_sub(margin_ms + span_ms);
    let due_ms = u128::from(now_ms) + margin_ms;
    let (start, end) = (chunk.start, chunk.end);
    let dialect = match database {
        Database::Sqlite(_) => &SQLITE,
        Database::Postgres { .. } => &POSTGRES,
    };
    let (delivery, event) = (dialect.id("8"), dialect.id("9"));
    let (bytes, numbers, no) = (dialect.empty_object, dialect.numbers, dialect.no);
    let numbers =
        numbers.replace("{start}", &start.to_string()).replace("{last}", &(end - 1).to_string());
    // `i / 10`, because `i % 10` often is the subscription.
    let rows = format!(
        "WITH {numbers},
lanes AS (SELECT id, tenant_id, row_number() OVER (ORDER BY id) - 1 AS place FROM subscriptions),
sizes AS (SELECT count(*) AS lanes FROM lanes),
made AS (
    SELECT i, {first_ms} + i * {span_ms} / {count} AS at_ms, lanes.tenant_id, lanes.id AS lane,
        CASE WHEN (i / 10) % 100000 = 70707 THEN 4 WHEN (i / 10) % 1000 = 303 THEN 0
            WHEN (i / 10) % 100 = 11 THEN 3 ELSE 2 END AS status
    FROM numbers CROSS JOIN sizes JOIN lanes ON lanes.place = i % sizes.lanes
)"
    );
    let kind = "CASE WHEN i % 50 = 7 THEN 'bench.rare' ELSE 'bench.event' END";
    let attempts = "CASE WHEN status IN (2, 3) THEN 1 ELSE 0 END";
    let code = "CASE status WHEN 2 THEN 200 WHEN 3 THEN 503 END";
    let reason = "CASE status WHEN 3 THEN 6 END";
    format!(
        "INSERT INTO events (id, tenant_id, type, timestamp, data, metadata, delivery_count, created_at)
{rows} SELECT {event}, tenant_id, {kind}, '2026-01-21T12:00:00Z', {bytes}, {bytes}, 1, at_ms FROM made ORDER BY i;
INSERT INTO deliveries (id, tenant_id, event_id, subscription_id, subscription_revision, event_type, status,
    \"trigger\", class, attempt_count, max_attempts, next_attempt_at, last_status_code, failure_reason, completed_at)
{rows} SELECT {delivery}, tenant_id, {event}, lane, 1, {kind}, status, 0, 0, {attempts}, 6,
    CASE status WHEN 0 THEN {due_ms} END, {code}, {reason}, CASE status WHEN 0 THEN NULL ELSE at_ms + 20 END
    FROM made ORDER BY i;
INSERT INTO attempts (delivery_id, number, subscription_revision, started_at, duration_ms, queue_ms, first_byte_ms,
    remote_ip, http_version, status_code, failure_reason, response_truncated)
{rows} SELECT {delivery}, 1, 1, at_ms + 1, 5 + i % 200, 1, 4, '127.0.0.1', 11, {code}, {reason}, {no}
    FROM made WHERE status IN (2, 3) ORDER BY i;
INSERT INTO dead_letters (delivery_id, tenant_id, event_id, subscription_id, event_type, dead_at)
{rows} SELECT {delivery}, tenant_id, {event}, lane, {kind}, at_ms + 20 FROM made WHERE status = 3 ORDER BY i;
"
    )
}

/// What the two databases spell differently.
struct Dialect {
    /// Whole numbers from `{start}` to `{last}` as `numbers (i)`.
    numbers: &'static str,
    /// A UUIDv7 of `at_ms` and `i`; `{variant}` tells the tables' apart.
    id: &'static str,
    empty_object: &'static str,
    no: &'static str,
}

impl Dialect {
    fn id(&self, variant: &str) -> String {
        self.id.replace("{variant}", variant)
    }
}

const SQLITE: Dialect = Dialect {
    numbers: "RECURSIVE numbers (i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM numbers WHERE i < {last})",
    id: "unhex(printf('%012x7%03x{variant}%015x', at_ms, i % 4096, i))",
    empty_object: "x'7b7d'",
    no: "0",
};

const POSTGRES: Dialect = Dialect {
    numbers: "numbers (i) AS (SELECT generate_series({start}::bigint, {last}::bigint))",
    id: "(lpad(to_hex(at_ms), 12, '0') || '7' || lpad(to_hex(i % 4096), 3, '0') || '{variant}' || lpad(to_hex(i), 15, '0'))::uuid",
    empty_object: r"'\x7b7d'::bytea",
    no: "false",
};
