//! The statements of recording.

use std::collections::HashSet;

use domain::delivery::DeliveryStatus;
use domain::ids::DeliveryId;
use domain::outcome::{FailureReason, Outcome};
use domain::time::Timestamp;
use queue::Class;
use sea_orm::{DbBackend, DbErr, Value};

use super::load::DueDelivery;
use crate::database::{Change, RowKind, Rows, Sql, placed_runs, query_all, row_table, table};
use crate::partition::Parent;
use crate::store::delivery::class_number;

/// What an outcome makes of a delivery's row.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub id: DeliveryId,
    /// The attempt's number.
    pub number: u32,
    pub status: DeliveryStatus,
    pub class: Class,
    pub next_attempt_at: Option<Timestamp>,
    pub last_status_code: Option<u16>,
    pub failure_reason: Option<FailureReason>,
    pub last_error: Option<String>,
    pub completed_at: Option<Timestamp>,
}

const MOVE_TYPES: [&str; 9] = [
    "uuid", "smallint", "smallint", "smallint", "bigint", "smallint", "smallint", "bytea", "bigint",
];

/// Moves the rows, all of which must still be where the attempts were loaded from, as they hardly ever
/// are not; else the transaction comes to nothing. A success settles any delivery that isn't final,
/// whatever has been recorded since.
pub(super) async fn apply(db: &impl Sql, moves: &[Move]) -> Result<(), DbErr> {
    for (deliveries, run) in placed_runs(db, Parent::Deliveries, moves, |one| one.id.time()) {
        let rows = run.iter().map(move_values);
        let (rows, values) = row_table(db, RowKind::Move, &MOVE_TYPES, rows);
        let sql = move_statement(db, &deliveries, &rows);
        db.make(Change { sql, values, rows: Rows::Changed(run.len()) }).await?;
    }
    Ok(())
}

/// Moves the rows that are still there, and says which they were.
pub(super) async fn apply_by_name(
    db: &impl Sql,
    moves: &[Move],
) -> Result<HashSet<DeliveryId>, DbErr> {
    let mut moved = HashSet::with_capacity(moves.len());
    for (deliveries, run) in placed_runs(db, Parent::Deliveries, moves, |one| one.id.time()) {
        let (rows, values) = table(db, &MOVE_TYPES, run.iter().map(move_values));
        let sql = move_statement(db, &deliveries, &rows);
        for row in query_all(db, &format!("{sql} RETURNING {deliveries}.id"), values).await? {
            moved.insert(row.get(0)?);
        }
    }
    Ok(moved)
}

fn move_statement(db: &impl Sql, deliveries: &str, rows: &str) -> String {
    let update = db.all_or_nothing().update;
    let greatest = match db.backend() {
        DbBackend::Postgres => "GREATEST",
        _ => "MAX",
    };
    format!(
        "WITH v (id, number, status, class, next_attempt_at, code, reason, error, completed_at) AS ({rows}) \
         {update} {deliveries} SET status = v.status, class = v.class, next_attempt_at = v.next_attempt_at, \
         attempt_count = {greatest}({deliveries}.attempt_count, v.number), last_status_code = v.code, \
         failure_reason = v.reason, last_error = v.error, completed_at = v.completed_at \
         FROM v WHERE {deliveries}.id = v.id AND {deliveries}.next_attempt_at IS NOT NULL \
         AND (v.status = 2 OR {deliveries}.attempt_count = v.number - 1)"
    )
}

fn move_values(one: &Move) -> [Value; 9] {
    [
        one.id.into(),
        small(one.number).into(),
        one.status.into(),
        class_number(one.class).into(),
        one.next_attempt_at.map(Timestamp::unix_ms).into(),
        one.last_status_code.map(|code| i16::try_from(code).unwrap_or(i16::MAX)).into(),
        one.failure_reason.map(number_of).into(),
        one.last_error.as_ref().map(|text| text.as_bytes().to_vec()).into(),
        one.completed_at.map(Timestamp::unix_ms).into(),
    ]
}

/// A number of an attempt as its column has it.
pub(super) fn small(number: u32) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}

/// The reason's number in its column.
pub(crate) fn number_of(reason: FailureReason) -> i16 {
    sea_orm::ActiveEnum::to_value(&reason)
}

const ATTEMPT_TYPES: [&str; ATTEMPT_COLUMNS] = [
    "uuid", "smallint", "bigint", "bigint", "integer", "integer", "integer", "integer", "integer",
    "integer", "text", "smallint", "smallint", "smallint", "bytea", "bytea", "bytea", "boolean",
];
const ATTEMPT_COLUMNS: usize = 18;

/// An attempt's row.
#[derive(Debug)]
pub(crate) struct AttemptRow {
    delivery_id: DeliveryId,
    values: [Value; ATTEMPT_COLUMNS],
}

/// Inserts attempts, all of which must be new, as they hardly ever are not; else the transaction comes to
/// nothing.
pub(crate) async fn insert_attempts(db: &impl Sql, rows: &[AttemptRow]) -> Result<(), DbErr> {
    for (attempts, run) in placed_runs(db, Parent::Attempts, rows, |row| row.delivery_id.time()) {
        let rows = run.iter().map(|row| row.values.clone());
        let (rows, values) = row_table(db, RowKind::Attempt, &ATTEMPT_TYPES, rows);
        let sql = attempt_statement(db, &attempts, &rows);
        db.make(Change { sql, values, rows: Rows::Any }).await?;
    }
    Ok(())
}

/// Inserts attempts, and says which are new: each delivery's, with its number. One that was recorded before
/// stays as it is.
pub(super) async fn insert_attempts_by_name(
    db: &impl Sql,
    rows: &[AttemptRow],
) -> Result<HashSet<(DeliveryId, i16)>, DbErr> {
    let mut new = HashSet::with_capacity(rows.len());
    for (attempts, run) in placed_runs(db, Parent::Attempts, rows, |row| row.delivery_id.time()) {
        let (rows, values) = table(db, &ATTEMPT_TYPES, run.iter().map(|row| row.values.clone()));
        let sql = attempt_statement(db, &attempts, &rows);
        let sql = format!(
            "{sql} ON CONFLICT (delivery_id, number) DO NOTHING RETURNING delivery_id, number"
        );
        for row in query_all(db, &sql, values).await? {
            new.insert((row.get(0)?, row.get(1)?));
        }
    }
    Ok(new)
}

fn attempt_statement(db: &impl Sql, attempts: &str, rows: &str) -> String {
    format!(
        "{} INTO {attempts} (delivery_id, number, subscription_revision, started_at, duration_ms, queue_ms, dns_ms, \
             connect_ms, tls_ms, first_byte_ms, remote_ip, http_version, status_code, failure_reason, error, \
             response_headers, response_body, response_truncated) {rows}",
        db.all_or_nothing().insert
    )
}

/// The row of an attempt at a delivery.
pub(crate) fn attempt_row(
    due: &DueDelivery,
    started_at: Timestamp,
    outcome: &Outcome,
) -> AttemptRow {
    let ms = |time: std::time::Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    let timing = &outcome.timing;
    let response = outcome.result.as_ref().ok();
    let id = due.attempts_id();
    let values = [
        id.into(),
        small(due.progress.number).into(),
        due.target.revision.into(),
        started_at.into(),
        ms(timing.total).into(),
        ms(due.ticket.waited).into(),
        timing.dns.map(ms).into(),
        timing.connect.map(ms).into(),
        timing.tls.map(ms).into(),
        timing.first_byte.map(ms).into(),
        outcome.remote_ip.map(|ip| ip.to_string()).into(),
        outcome.http_version.map(|version| sea_orm::ActiveEnum::to_value(&version)).into(),
        outcome.status().map(|code| i16::try_from(code).unwrap_or(i16::MAX)).into(),
        outcome.failure_reason().map(number_of).into(),
        outcome.error().map(|error| error.as_bytes().to_vec()).into(),
        response.map(|response| headers_json(&response.headers)).into(),
        response.map(|response| response.body.clone()).into(),
        response.is_some_and(|response| response.truncated).into(),
    ];
    AttemptRow { delivery_id: id, values }
}

/// Names and values as a JSON list of pairs; what is no UTF-8 is shown with U+FFFD.
fn headers_json(headers: &[(String, Vec<u8>)]) -> Vec<u8> {
    let pairs: Vec<(&str, std::borrow::Cow<'_, str>)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value)))
        .collect();
    serde_json::to_vec(&pairs).unwrap_or_default()
}
