//! Ends what would be held for ever.
//!
//! A delivery that has been due for the whole retention and was not attempted (its lane is paused, its
//! tenant suspended) becomes a dead letter, `expired`. It counts from the instant it was due at, not
//! from the one it was made at: an event that is deferred by 30 days, or one that is tried again every
//! week, is not ended early. A request in flight is left alone, and one that was begun in this very
//! moment finds its delivery final: its outcome comes late.

use domain::delivery::{DeliveryStatus, HELD};
use domain::ids::{DeliveryId, SubscriptionId};
use domain::limits;
use domain::outcome::FailureReason;
use domain::time::Timestamp;
use sea_orm::Value;

use super::begin;
use super::pace::{Pace, ROWS_MAX, rows_max};
use crate::clear;
use crate::context::Parts;
use crate::database::{Sql, execute, one_of, query_all};
use crate::dispatch::number_of;
use crate::error::Error;
use crate::rollups::Tally;
use crate::store;

/// Each finds the longest due by its index.
const UNNUMBERED: &str = "\
    SELECT id FROM deliveries WHERE subscription_id = ? AND class = ? AND sequence IS NULL AND next_attempt_at <= ? \
    ORDER BY next_attempt_at, id LIMIT ?";
/// In an ordered lane the order is another one: all that waits is looked through, page by page.
const NUMBERED: &str = "\
    SELECT id, sequence, next_attempt_at FROM deliveries WHERE subscription_id = ? AND sequence > ? \
    AND next_attempt_at IS NOT NULL ORDER BY sequence LIMIT ?";
const CLASSES: [i16; 3] = [0, 1, 2];

/// Makes dead letters of what has been due since `until`; how many.
pub(super) async fn expire_held(
    parts: &Parts,
    read: &impl Sql,
    until: Timestamp,
) -> Result<u64, Error> {
    let mut expired = 0;
    for lane in store::delivery::lanes_waiting_across_tenants(read).await? {
        if store::delivery::is_overdue(read, lane, until).await? {
            for class in CLASSES {
                expired += expire_class(parts, read, lane, class, until).await?;
            }
            expired += expire_numbered(parts, read, lane, until).await?;
        }
    }
    Ok(expired)
}

async fn expire_class(
    parts: &Parts,
    read: &impl Sql,
    lane: SubscriptionId,
    class: i16,
    until: Timestamp,
) -> Result<u64, Error> {
    let mut expired = 0;
    loop {
        let in_flight = clear::in_flight(parts, lane).await?;
        // Room for those that stay, so that there is always something to be done among the others.
        let rows = i64::try_from(ROWS_MAX + in_flight.len()).unwrap_or(i64::MAX);
        let values = vec![lane.into(), class.into(), until.into(), rows.into()];
        let mut held = Vec::new();
        for row in query_all(read, UNNUMBERED, values).await? {
            held.push(row.get::<DeliveryId>(0)?);
        }
        held.retain(|id| !in_flight.contains(id));
        held.truncate(ROWS_MAX);
        if held.is_empty() {
            return Ok(expired);
        }
        expired += expire(parts, held, until).await?;
    }
}

async fn expire_numbered(
    parts: &Parts,
    read: &impl Sql,
    lane: SubscriptionId,
    until: Timestamp,
) -> Result<u64, Error> {
    let (mut expired, mut after) = (0, i64::MIN);
    loop {
        let in_flight = clear::in_flight(parts, lane).await?;
        let rows = query_all(read, NUMBERED, vec![lane.into(), after.into(), rows_max()]).await?;
        let Some(last) = rows.last() else {
            return Ok(expired);
        };
        after = last.get(1)?;
        let mut held = Vec::new();
        for row in &rows {
            let id = row.get::<DeliveryId>(0)?;
            if row.get::<Timestamp>(2)? <= until && !in_flight.contains(&id) {
                held.push(id);
            }
        }
        if !held.is_empty() {
            expired += expire(parts, held, until).await?;
        }
    }
}

/// All of them, and those that are in one batch with one of them: these first, so that no batch is left without the
/// one that leads it.
async fn expire(parts: &Parts, held: Vec<DeliveryId>, until: Timestamp) -> Result<u64, Error> {
    let mut all = store::batch::with_others(&parts.database.read, held.clone()).await?;
    all.retain(|id| !held.contains(id));
    let mut expired = 0;
    for chunk in all.chunks(ROWS_MAX).chain([held.as_slice()]) {
        expired += expire_chunk(parts, chunk.to_vec(), until).await?;
    }
    Ok(expired)
}

/// One commit, and the rest after it.
async fn expire_chunk(
    parts: &Parts,
    mut held: Vec<DeliveryId>,
    until: Timestamp,
) -> Result<u64, Error> {
    // In key order, as whoever else changes many rows.
    held.sort_unstable();
    let now = parts.clock.now();
    // What was committed a moment ago may be handed out without a look at its row.
    parts.fresh.forget();
    let transaction = begin(parts).await?;
    let begun = tokio::time::Instant::now();
    let (among, ids) = one_of(&transaction, "uuid", held.into_iter().map(Value::from).collect());
    let sql = format!(
        "UPDATE deliveries SET status = ?, failure_reason = ?, next_attempt_at = NULL, completed_at = ? \
         WHERE id {among} AND (next_attempt_at <= ? OR next_attempt_at = ?) \
         RETURNING id, tenant_id, event_id, subscription_id, event_type"
    );
    let first =
        [DeliveryStatus::Failed.into(), number_of(FailureReason::Expired).into(), now.into()];
    let values = first.into_iter().chain(ids).chain([until.into(), HELD.into()]).collect();
    let rows = query_all(&transaction, &sql, values).await?;
    let types = rows.iter().map(|row| row.get(4)).collect::<Result<Vec<String>, _>>()?;
    let mut letters = Vec::with_capacity(rows.len());
    for (row, event_type) in rows.iter().zip(&types) {
        letters.push(store::dead_letter::New {
            delivery_id: row.get(0)?,
            tenant_id: row.get(1)?,
            event_id: row.get(2)?,
            subscription_id: row.get(3)?,
            event_type,
            dead_at: now,
        });
    }
    let mut tally = Tally::default();
    store::dead_letter::insert(&transaction, &letters, &mut tally).await?;
    tally.save(&transaction, parts).await?;
    transaction.commit().await?;
    let expired = letters.len() as u64;
    parts.metrics.died(Some(FailureReason::Expired), expired);
    Pace::rest(begun.elapsed()).await;
    Ok(expired)
}

/// Discards dead letters that have been open for 90 days; how many.
pub(super) async fn discard_forgotten(parts: &Parts) -> Result<u64, Error> {
    let sql = "UPDATE dead_letters SET resolved_at = ?, resolution = 'discarded' WHERE resolved_at IS NULL \
               AND delivery_id IN (SELECT delivery_id FROM dead_letters WHERE resolved_at IS NULL AND dead_at <= ? \
               ORDER BY dead_at LIMIT ?)";
    let now = parts.clock.now();
    let until = now - limits::DEAD_LETTER_KEPT;
    let mut discarded = 0;
    loop {
        let transaction = begin(parts).await?;
        let begun = tokio::time::Instant::now();
        let values = vec![now.into(), until.into(), rows_max()];
        let of_chunk = execute(&transaction, sql, values).await?;
        transaction.commit().await?;
        if of_chunk == 0 {
            return Ok(discarded);
        }
        discarded += of_chunk;
        Pace::rest(begun.elapsed()).await;
    }
}
