//! The queries of loading.

use std::collections::HashMap;

use domain::delivery::Trigger;
use domain::ids::DeliveryId;
use domain::time::Timestamp;
use sea_orm::{DbBackend, DbErr};

use super::load::DueRow;
use crate::database::{Row, Sql, one_of, query_all, table};
use crate::partition::Parent;
use crate::store::event::Texts;

/// The deliveries among `ids` that are still due, with their events and their subscriptions'
/// revisions.
pub(super) async fn due_rows(
    db: &impl Sql,
    mut ids: Vec<DeliveryId>,
) -> Result<HashMap<DeliveryId, DueRow>, DbErr> {
    ids.sort_unstable();
    let mut found = HashMap::with_capacity(ids.len());
    let by_day = ids.chunk_by(|one, next| db.named_day(one.time()) == db.named_day(next.time()));
    for of_day in by_day {
        let day = of_day.first().and_then(|id| db.named_day(id.time()));
        found.extend(due_rows_in(db, day, of_day).await?);
        if day.is_some() {
            // Final meanwhile, or of an event of another day.
            let elsewhere: Vec<DeliveryId> =
                of_day.iter().filter(|id| !found.contains_key(id)).copied().collect();
            if !elsewhere.is_empty() {
                found.extend(due_rows_in(db, None, &elsewhere).await?);
            }
        }
    }
    Ok(found)
}

/// Those whose event is in the same partitions: one query, so that all three are of one instant. (Tenants
/// are compared, not joined by: else Postgres may walk a tenant's index instead of finding the event by its
/// id.)
async fn due_rows_in(
    db: &impl Sql,
    day: Option<Timestamp>,
    ids: &[DeliveryId],
) -> Result<Vec<(DeliveryId, DueRow)>, DbErr> {
    let (deliveries, events) = (Parent::Deliveries.named(day), Parent::Events.named(day));
    let ids = ids.iter().map(|id| (*id).into());
    let (among, values) = match db.backend() {
        // Joined, each id is looked for in the one partition that may hold it; `= ANY` looks into all.
        DbBackend::Postgres => {
            let (rows, values) = table(db, &["uuid"], ids.map(|id| [id]));
            (format!("IN ({rows})"), values)
        }
        _ => one_of(db, "uuid", ids.collect()),
    };
    let sql = format!(
        "SELECT d.id, d.tenant_id, d.event_id, d.subscription_id, d.\"trigger\", d.attempt_count, d.max_attempts, \
         d.next_attempt_at, {}, e.traceparent, \
         s.revision, s.status, s.deleted_at IS NOT NULL, d.batch_id, d.sequence IS NOT NULL \
         FROM {deliveries} d \
         JOIN {events} e ON e.id = d.event_id AND (e.tenant_id = d.tenant_id) IS TRUE \
         JOIN subscriptions s ON s.id = d.subscription_id \
         WHERE d.id {among} AND d.next_attempt_at IS NOT NULL",
        Texts::COLUMNS
    );
    let rows = query_all(db, &sql, values).await?;
    rows.iter().map(|row| due_row(row).map(|row| (row.id, row))).collect()
}

fn due_row(row: &Row) -> Result<DueRow, DbErr> {
    let count = |index| row.get::<i16>(index).map(|count| u32::try_from(count).unwrap_or(0));
    Ok(DueRow {
        id: row.get(0)?,
        tenant: row.get(1)?,
        event_id: row.get(2)?,
        subscription_id: row.get(3)?,
        trigger: row.get::<Trigger>(4)?,
        attempt_count: count(5)?,
        max_attempts: count(6)?,
        next_attempt_at: row.get(7)?,
        event: Texts::read(row, 8)?,
        traceparent: row.get(14)?,
        revision: row.get(15)?,
        status: row.get(16)?,
        is_deleted: row.get(17)?,
        batch: row.get(18)?,
        is_numbered: row.get(19)?,
    })
}
