//! Deliveries. A delivery's `created_at` is the instant in its id.

use domain::delivery::{DeliveryStatus, Trigger};
use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::time::Timestamp;
use entity::delivery::{Column, Entity, Model};
use queue::Class;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Page, Whose, Window};
use crate::database::{Sql, execute, query_all};

/// Which deliveries a list is to show; empty lists mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub statuses: Vec<DeliveryStatus>,
    pub subscriptions: Vec<SubscriptionId>,
    pub event_types: Vec<String>,
    pub events: Vec<EventId>,
    pub window: Window,
}

/// A class's number in its column; lower ones go first.
pub const fn class_number(class: Class) -> i16 {
    match class {
        Class::First => 0,
        Class::Retry => 1,
        Class::Replay => 2,
    }
}

/// The tenant's delivery of an id.
pub async fn find(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    id: DeliveryId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::TenantId.eq(tenant)).one(db).await
}

/// Newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<DeliveryId>,
) -> Result<Vec<Model>, DbErr> {
    let mut query =
        whose.of(Entity::find(), Column::TenantId).order_by_desc(Column::Id).limit(page.limit);
    if !filter.statuses.is_empty() {
        query = query.filter(Column::Status.is_in(filter.statuses.iter().copied()));
    }
    if !filter.subscriptions.is_empty() {
        query = query.filter(Column::SubscriptionId.is_in(filter.subscriptions.iter().copied()));
    }
    if !filter.event_types.is_empty() {
        query = query.filter(Column::EventType.is_in(&filter.event_types));
    }
    if !filter.events.is_empty() {
        query = query.filter(of_events(db, whose, &filter.events).await?);
    }
    if let Some(from) = filter.window.from {
        query = query.filter(Column::Id.gte(DeliveryId::floor(from)));
    }
    if let Some(to) = filter.window.to {
        query = query.filter(Column::Id.lt(DeliveryId::floor(to)));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}

/// Deliveries made when the event was posted carry its instant in their ids, so that they need no
/// index of their own; later ones (redeliveries, replays, tests) have one.
async fn of_events(
    db: &impl ConnectionTrait,
    whose: Whose,
    events: &[EventId],
) -> Result<Condition, DbErr> {
    use entity::event;
    let rows = whose
        .of(event::Entity::find(), event::Column::TenantId)
        .filter(event::Column::Id.is_in(events.iter().copied()));
    let rows: Vec<(EventId, Timestamp)> = rows
        .select_only()
        .column(event::Column::Id)
        .column(event::Column::CreatedAt)
        .into_tuple()
        .all(db)
        .await?;
    let again = Condition::all()
        .add(Column::EventId.is_in(events.iter().copied()))
        .add(Column::Trigger.ne(Trigger::Event));
    let mut any = Condition::any().add(again);
    for (event, created_at) in rows {
        let next_ms = created_at + std::time::Duration::from_millis(1);
        any = any.add(
            Condition::all()
                .add(Column::EventId.eq(event))
                .add(Column::Trigger.eq(Trigger::Event))
                .add(Column::Id.gte(DeliveryId::floor(created_at)))
                .add(Column::Id.lt(DeliveryId::floor(next_ms))),
        );
    }
    Ok(any)
}

/// Cancels a delivery that is not final; `false` when it is.
pub async fn cancel(
    db: &impl Sql,
    tenant: TenantId,
    id: DeliveryId,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let sql = "UPDATE deliveries SET status = ?, next_attempt_at = NULL, completed_at = ? \
               WHERE id = ? AND tenant_id = ? AND next_attempt_at IS NOT NULL";
    let values = vec![DeliveryStatus::Cancelled.into(), now.into(), id.into(), tenant.into()];
    Ok(execute(db, sql, values).await? > 0)
}

/// A waiting delivery, as the queue needs it.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub id: DeliveryId,
    pub next_attempt_at: Timestamp,
}

/// The next due deliveries of a lane and class, soonest first.
pub async fn due_page(
    db: &impl Sql,
    lane: SubscriptionId,
    class: Class,
    limit: usize,
) -> Result<Vec<Waiting>, DbErr> {
    let sql = "SELECT id, next_attempt_at FROM deliveries \
               WHERE subscription_id = ? AND class = ? AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at, id LIMIT ?";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows =
        query_all(db, sql, vec![lane.into(), class_number(class).into(), limit.into()]).await?;
    rows.iter().map(|row| Ok(Waiting { id: row.get(0)?, next_attempt_at: row.get(1)? })).collect()
}

/// The lanes in which something waits: one seek per lane, whatever the backlog.
pub async fn lanes_waiting_across_tenants(db: &impl Sql) -> Result<Vec<SubscriptionId>, DbErr> {
    let sql = "WITH RECURSIVE lanes (subscription_id) AS ( \
               SELECT * FROM (SELECT subscription_id FROM deliveries WHERE next_attempt_at IS NOT NULL \
               ORDER BY subscription_id LIMIT 1) AS lowest \
               UNION ALL \
               SELECT (SELECT d.subscription_id FROM deliveries d WHERE d.next_attempt_at IS NOT NULL \
               AND d.subscription_id > lanes.subscription_id ORDER BY d.subscription_id LIMIT 1) \
               FROM lanes WHERE lanes.subscription_id IS NOT NULL) \
               SELECT subscription_id FROM lanes WHERE subscription_id IS NOT NULL";
    query_all(db, sql, Vec::new()).await?.iter().map(|row| row.get(0)).collect()
}

/// The next waiting deliveries of a subscription in the order of their ids, without those named.
pub async fn waiting_page(
    db: &impl ConnectionTrait,
    subscription: SubscriptionId,
    without: &[DeliveryId],
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::SubscriptionId.eq(subscription))
        .filter(Column::NextAttemptAt.is_not_null())
        .order_by_asc(Column::Id)
        .limit(limit);
    if !without.is_empty() {
        query = query.filter(Column::Id.is_not_in(without.iter().copied()));
    }
    query.all(db).await
}
