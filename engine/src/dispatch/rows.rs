//! The queries of loading.

use domain::delivery::Trigger;
use domain::ids::{DeliveryId, SubscriptionId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::load::DueRow;
use crate::database::{padded_list, query_all, query_one};

/// The deliveries among `ids` that are still due, with their events and their subscriptions'
/// revisions: one query, so that all three are of one instant.
pub(super) async fn due_rows(
    db: &impl ConnectionTrait,
    ids: &[DeliveryId],
) -> Result<Vec<DueRow>, DbErr> {
    let (marks, values) = padded_list(ids.iter().map(|id| (*id).into()).collect());
    let sql = format!(
        "SELECT d.id, d.tenant_id, d.event_id, d.subscription_id, d.\"trigger\", d.attempt_count, d.max_attempts, \
         d.next_attempt_at, e.type, e.timestamp, e.data, e.metadata, e.correlation_id, e.version, e.traceparent, \
         s.revision, s.status, s.deleted_at IS NOT NULL \
         FROM deliveries d \
         JOIN events e ON e.id = d.event_id AND e.tenant_id = d.tenant_id \
         JOIN subscriptions s ON s.id = d.subscription_id \
         WHERE d.id IN ({marks}) AND d.next_attempt_at IS NOT NULL"
    );
    query_all(db, &sql, values).await?.iter().map(due_row).collect()
}

fn due_row(row: &QueryResult) -> Result<DueRow, DbErr> {
    let count =
        |index| row.try_get_by_index::<i16>(index).map(|count| u32::try_from(count).unwrap_or(0));
    Ok(DueRow {
        id: row.try_get_by_index(0)?,
        tenant: row.try_get_by_index(1)?,
        event_id: row.try_get_by_index(2)?,
        subscription_id: row.try_get_by_index(3)?,
        trigger: row.try_get_by_index::<Trigger>(4)?,
        attempt_count: count(5)?,
        max_attempts: count(6)?,
        next_attempt_at: row.try_get_by_index(7)?,
        event_type: row.try_get_by_index(8)?,
        timestamp: row.try_get_by_index(9)?,
        data: row.try_get_by_index(10)?,
        metadata: row.try_get_by_index(11)?,
        correlation_id: row.try_get_by_index(12)?,
        version: row.try_get_by_index(13)?,
        traceparent: row.try_get_by_index(14)?,
        revision: row.try_get_by_index(15)?,
        status: row.try_get_by_index(16)?,
        is_deleted: row.try_get_by_index(17)?,
    })
}

/// The head of an ordered lane: its lowest unfinished number, and before all of them what was made
/// while the subscription was not ordered yet.
pub(super) async fn head_of(
    db: &impl ConnectionTrait,
    lane: SubscriptionId,
) -> Result<Option<DeliveryId>, DbErr> {
    for (numbered, order) in [("IS NULL", "id"), ("IS NOT NULL", "sequence")] {
        let sql = format!(
            "SELECT id FROM deliveries WHERE subscription_id = ? AND next_attempt_at IS NOT NULL AND sequence {numbered} \
             ORDER BY {order} LIMIT 1"
        );
        if let Some(row) = query_one(db, &sql, vec![lane.into()]).await? {
            return Ok(Some(row.try_get_by_index(0)?));
        }
    }
    Ok(None)
}
