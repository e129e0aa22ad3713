//! Batches, as the deliveries in them know of them.

use std::collections::HashMap;

use domain::delivery::{HELD, Trigger};
use domain::ids::{BatchId, DeliveryId, EventId, Of, SubscriptionId};
use domain::time::Timestamp;
use sea_orm::{DbErr, Value};

use super::delivery::as_limit;
use super::event::Texts;
use crate::database::{Row, Sql, execute, one_of, placed_runs, query_all, query_one, table};
use crate::partition::Parent;

/// A delivery that waits for others to make a batch with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    pub id: DeliveryId,
    pub due_at: Timestamp,
    /// Only the like of each other go into one batch.
    pub like: Like,
    /// About how much room it takes in a body.
    pub bytes: usize,
}

/// What the members of a batch have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Like {
    pub trigger: Trigger,
    pub attempt_count: i16,
    pub max_attempts: i16,
}

const GATHERED: &str = "\
    SELECT d.id, d.next_attempt_at, d.\"trigger\", d.attempt_count, d.max_attempts, \
    LENGTH(e.data) + LENGTH(e.metadata) \
    FROM deliveries d JOIN events e ON e.id = d.event_id AND (e.tenant_id = d.tenant_id) IS TRUE \
    WHERE d.subscription_id = ? AND d.sequence IS NOT NULL AND d.next_attempt_at IS NOT NULL \
    AND d.next_attempt_at <= ? ORDER BY d.sequence LIMIT ?";

/// What has been due in a lane by `now` and is in no batch yet, in the order of its publishing.
pub async fn gathered(
    db: &impl Sql,
    lane: SubscriptionId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Gathered>, DbErr> {
    let rows = query_all(db, GATHERED, vec![lane.into(), now.into(), as_limit(limit)]).await?;
    let gathered = |row: &Row| {
        Ok(Gathered {
            id: row.get(0)?,
            due_at: row.get(1)?,
            like: Like {
                trigger: row.get(2)?,
                attempt_count: row.get(3)?,
                max_attempts: row.get(4)?,
            },
            bytes: usize::try_from(row.get::<i32>(5)?).unwrap_or(0) + FRAME_BYTES,
        })
    };
    rows.iter().map(gathered).collect()
}

/// About what an envelope has beside data and metadata.
const FRAME_BYTES: usize = 256;

const NEXT: &str = "\
    SELECT MIN(next_attempt_at) FROM deliveries WHERE subscription_id = ? \
    AND sequence IS NOT NULL AND next_attempt_at IS NOT NULL";

/// When the soonest of those that wait in a lane is, or was, due: all of them are looked through.
pub async fn first_due(db: &impl Sql, lane: SubscriptionId) -> Result<Option<Timestamp>, DbErr> {
    query_one(db, NEXT, vec![lane.into()]).await?.map_or(Ok(None), |row| row.get(0))
}

const ENOUGH: &str = "\
    SELECT COUNT(*), MAX(next_attempt_at) FROM (SELECT next_attempt_at FROM deliveries WHERE subscription_id = ? \
    AND sequence IS NOT NULL AND next_attempt_at IS NOT NULL ORDER BY sequence LIMIT ?) AS first";

/// When the first `count` of those that wait in a lane are all due; `None` when there are fewer.
pub async fn when_due(
    db: &impl Sql,
    lane: SubscriptionId,
    count: usize,
) -> Result<Option<Timestamp>, DbErr> {
    let Some(row) = query_one(db, ENOUGH, vec![lane.into(), as_limit(count)]).await? else {
        return Ok(None);
    };
    let found: i64 = row.get(0)?;
    if usize::try_from(found) == Ok(count) { row.get(1) } else { Ok(None) }
}

const SPAN: &str = "\
    SELECT (SELECT sequence FROM deliveries WHERE subscription_id = ? AND sequence IS NOT NULL \
    AND next_attempt_at IS NOT NULL ORDER BY sequence DESC LIMIT 1) \
    - (SELECT sequence FROM deliveries WHERE subscription_id = ? AND sequence IS NOT NULL \
    AND next_attempt_at IS NOT NULL ORDER BY sequence LIMIT 1) + 1";

/// How many wait in a lane: by their numbers, so that those which were cancelled among them count too.
pub async fn count_gathered(db: &impl Sql, lane: SubscriptionId) -> Result<usize, DbErr> {
    let row = query_one(db, SPAN, vec![lane.into(), lane.into()]).await?;
    let count = row.map(|row| row.get::<Option<i64>>(0)).transpose()?.flatten();
    Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0))
}

/// Makes a batch of deliveries, the first of which leads it and is due at `now`; `false` when one of them has
/// become something else meanwhile, and the transaction must come to nothing.
pub async fn make(
    db: &impl Sql,
    batch: BatchId,
    members: &[DeliveryId],
    now: Timestamp,
) -> Result<bool, DbErr> {
    let mut rows: Vec<(DeliveryId, i16)> = members.iter().copied().zip(0..).collect();
    // In key order, as whoever else changes many rows.
    rows.sort_unstable_by_key(|(id, _)| *id);
    let mut made = 0;
    for (deliveries, run) in placed_runs(db, Parent::Deliveries, &rows, |(id, _)| id.time()) {
        let values = run.iter().map(|(id, position)| {
            let due_at = if *position == 0 { now } else { HELD };
            [Value::from(*id), (*position).into(), due_at.into()]
        });
        let (rows, mut values) = table(db, &["uuid", "smallint", "bigint"], values);
        let sql = format!(
            "WITH v (id, position, due_at) AS ({rows}) UPDATE {deliveries} SET batch_id = ?, \
             batch_position = v.position, sequence = NULL, next_attempt_at = v.due_at FROM v \
             WHERE {deliveries}.id = v.id AND {deliveries}.batch_id IS NULL \
             AND {deliveries}.sequence IS NOT NULL AND {deliveries}.next_attempt_at IS NOT NULL"
        );
        values.push(batch.into());
        made += execute(db, &sql, values).await?;
    }
    Ok(usize::try_from(made) == Ok(members.len()))
}

/// A delivery in a batch, with its event.
#[derive(Debug)]
pub struct Member {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub trigger: Trigger,
    /// Whether it has become final before the others.
    pub is_final: bool,
    pub event: Texts,
}

/// All members of a batch, in its order.
pub async fn members(db: &impl Sql, batch: Of<BatchId>) -> Result<Vec<Member>, DbErr> {
    let sql = format!(
        "SELECT d.id, d.event_id, d.\"trigger\", d.next_attempt_at IS NULL, {} \
         FROM deliveries d JOIN events e ON e.id = d.event_id AND (e.tenant_id = d.tenant_id) IS TRUE \
         WHERE d.batch_id = ? AND d.tenant_id = ? ORDER BY d.batch_position",
        Texts::COLUMNS
    );
    let values = vec![batch.id().into(), batch.tenant().into()];
    let member = |row: &Row| {
        Ok(Member {
            id: row.get(0)?,
            event_id: row.get(1)?,
            trigger: row.get(2)?,
            is_final: row.get(3)?,
            event: Texts::read(row, 4)?,
        })
    };
    query_all(db, &sql, values).await?.iter().map(member).collect()
}

/// Whose batch it is.
pub async fn subscription_of(
    db: &impl Sql,
    batch: Of<BatchId>,
) -> Result<Option<SubscriptionId>, DbErr> {
    let sql = "SELECT subscription_id FROM deliveries WHERE batch_id = ? AND tenant_id = ? LIMIT 1";
    let values = vec![batch.id().into(), batch.tenant().into()];
    query_one(db, sql, values).await?.map(|row| row.get(0)).transpose()
}

/// When batches are due.
pub async fn due_times(
    db: &impl Sql,
    batches: impl IntoIterator<Item = BatchId>,
) -> Result<HashMap<BatchId, Timestamp>, DbErr> {
    let ids: Vec<Value> = batches.into_iter().map(Into::into).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (among, mut values) = one_of(db, "uuid", ids);
    let sql = format!(
        "SELECT batch_id, next_attempt_at FROM deliveries \
         WHERE batch_id {among} AND next_attempt_at IS NOT NULL AND next_attempt_at <> ?"
    );
    values.push(HELD.into());
    let rows = query_all(db, &sql, values).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// All deliveries in the batches of some of them.
pub async fn with_others(
    db: &impl Sql,
    some: impl IntoIterator<Item = DeliveryId>,
) -> Result<Vec<DeliveryId>, DbErr> {
    let ids: Vec<Value> = some.into_iter().map(Into::into).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = one_of(db, "uuid", ids);
    let sql = format!(
        "SELECT id FROM deliveries WHERE batch_id IN \
         (SELECT batch_id FROM deliveries WHERE id {among} AND batch_id IS NOT NULL)"
    );
    query_all(db, &sql, values).await?.iter().map(|row| row.get(0)).collect()
}
