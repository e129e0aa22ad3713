//! Events whose deliveries are still being written.

use std::collections::HashSet;

use domain::ids::{EventId, TenantId};
use domain::time::Timestamp;
use entity::fan_out::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Page;
use crate::database::{Sql, execute, one_of, query_all};

/// Stores who gets an event.
pub async fn insert(db: &impl Sql, row: &Model) -> Result<(), DbErr> {
    let sql = "INSERT INTO fan_outs (event_id, tenant_id, event_type, due_at, recipients, written) VALUES (?, ?, ?, ?, ?, ?)";
    let values = vec![
        row.event_id.into(),
        row.tenant_id.into(),
        row.event_type.as_str().into(),
        row.due_at.into(),
        row.recipients.clone().into(),
        row.written.into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}

/// Counts `chunk` further deliveries as written, or forgets the list when they are the last. `false`
/// when somebody else has moved it on, or the tenant is gone.
pub async fn advance(
    db: &impl Sql,
    row: &Model,
    chunk: usize,
    is_last: bool,
) -> Result<bool, DbErr> {
    let key = [row.event_id.into(), row.tenant_id.into(), row.written.into()];
    let moved = if is_last {
        let sql = "DELETE FROM fan_outs WHERE event_id = ? AND tenant_id = ? AND written = ?";
        execute(db, sql, key.to_vec()).await?
    } else {
        let sql = "UPDATE fan_outs SET written = written + ? WHERE event_id = ? AND tenant_id = ? AND written = ?";
        let chunk = i32::try_from(chunk).unwrap_or(i32::MAX).into();
        execute(db, sql, std::iter::once(chunk).chain(key).collect()).await?
    };
    Ok(moved > 0)
}

/// Those that are not finished, by event; with `due_until`, only those due by then.
pub async fn page_across_tenants(
    db: &impl ConnectionTrait,
    due_until: Option<Timestamp>,
    page: Page<EventId>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().order_by_asc(Column::EventId).limit(page.limit);
    if let Some(until) = due_until {
        query = query.filter(Column::DueAt.lte(until));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::EventId.gt(after));
    }
    query.all(db).await
}

/// Which of a tenant's events have deliveries that are still to be written.
pub async fn among(
    db: &impl Sql,
    tenant: TenantId,
    events: &[EventId],
) -> Result<HashSet<EventId>, DbErr> {
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let (among, mut values) = one_of(db, "uuid", events.iter().map(|id| (*id).into()).collect());
    values.push(tenant.into());
    let sql = format!("SELECT event_id FROM fan_outs WHERE event_id {among} AND tenant_id = ?");
    query_all(db, &sql, values).await?.iter().map(|row| row.get(0)).collect()
}
