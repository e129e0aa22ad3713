//! Deliveries. A delivery's `created_at` is the instant in its id.

use std::collections::{BTreeSet, HashSet};

use domain::delivery::{DeliveryStatus, HELD, Trigger};
use domain::ids::{DeliveryId, EventId, Of, SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use domain::time::Timestamp;
use entity::delivery::{Column, Entity, Model};
use queue::Class;
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Value,
};

use super::{Found, Page, Whose, Window, last_looked_at};
use crate::database::{Row, Sql, execute, query_all, query_one};

/// Seeks the lanes that have a waiting delivery of a kind, one after the other.
macro_rules! lanes_waiting {
    ($kind:literal) => {
        concat!(
            "WITH RECURSIVE lanes (subscription_id) AS ( \
             SELECT * FROM (SELECT subscription_id FROM deliveries WHERE ",
            $kind,
            " AND next_attempt_at IS NOT NULL ORDER BY subscription_id LIMIT 1) AS lowest \
             UNION ALL \
             SELECT (SELECT d.subscription_id FROM deliveries d WHERE d.",
            $kind,
            " AND d.next_attempt_at IS NOT NULL AND d.subscription_id > lanes.subscription_id \
             ORDER BY d.subscription_id LIMIT 1) \
             FROM lanes WHERE lanes.subscription_id IS NOT NULL) \
             SELECT subscription_id FROM lanes WHERE subscription_id IS NOT NULL"
        )
    };
}

/// Which deliveries a list is to show; empty lists mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub statuses: Vec<DeliveryStatus>,
    pub subscriptions: Vec<SubscriptionId>,
    pub event_types: Vec<String>,
    pub events: Vec<EventId>,
    pub failure_reasons: Vec<FailureReason>,
    pub window: Window,
}

impl Filter {
    /// Whether rows are left out that no index leaves out.
    fn is_selective(&self) -> bool {
        !self.statuses.is_empty()
            || !self.event_types.is_empty()
            || !self.failure_reasons.is_empty()
    }
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
    delivery: Of<DeliveryId>,
) -> Result<Option<Model>, DbErr> {
    let query = Entity::find_by_id(delivery.id());
    query.filter(Column::TenantId.eq(delivery.tenant())).one(db).await
}

/// All deliveries of an event.
pub async fn of_event(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    event: EventId,
) -> Result<Vec<Model>, DbErr> {
    let of_event = of_events(db, Whose::Tenant(tenant), &[event]).await?;
    Entity::find().filter(Column::TenantId.eq(tenant)).filter(of_event).all(db).await
}

/// Newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<DeliveryId>,
) -> Result<Found<Model, DeliveryId>, DbErr> {
    let mut query = whose.of(Entity::find(), Column::TenantId).order_by_desc(Column::Id);
    if !filter.subscriptions.is_empty() {
        query = query.filter(Column::SubscriptionId.is_in(filter.subscriptions.iter().copied()));
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
    let mut looked_until = None;
    if filter.is_selective() {
        looked_until = last_looked_at(db, &query, [Column::Id]).await?;
    }
    if let Some(until) = looked_until {
        query = query.filter(Column::Id.gte(until));
    }
    if !filter.statuses.is_empty() {
        query = query.filter(Column::Status.is_in(filter.statuses.iter().copied()));
    }
    if !filter.event_types.is_empty() {
        query = query.filter(Column::EventType.is_in(&filter.event_types));
    }
    if !filter.failure_reasons.is_empty() {
        query = query.filter(Column::FailureReason.is_in(filter.failure_reasons.iter().copied()));
    }
    Ok(Found { rows: query.limit(page.limit).all(db).await?, looked_until })
}

/// The condition on a delivery's row that it failed for one of the reasons; `None` when none is named.
pub(crate) fn failed_for(reasons: &[FailureReason]) -> Option<String> {
    let numbers = reasons.iter().map(|reason| reason.to_value().to_string());
    let numbers = numbers.collect::<Vec<_>>().join(", ");
    (!numbers.is_empty()).then(|| format!("failure_reason IN ({numbers})"))
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

/// Cancels a delivery that is neither final nor in a batch; `false` when it is.
pub async fn cancel(
    db: &impl Sql,
    delivery: Of<DeliveryId>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let (tenant, id) = (delivery.tenant(), delivery.id());
    let sql = "UPDATE deliveries SET status = ?, next_attempt_at = NULL, completed_at = ? \
               WHERE id = ? AND tenant_id = ? AND next_attempt_at IS NOT NULL AND batch_id IS NULL";
    let values = vec![DeliveryStatus::Cancelled.into(), now.into(), id.into(), tenant.into()];
    Ok(execute(db, sql, values).await? > 0)
}

/// A waiting delivery, as the queue needs it.
#[derive(Debug, Clone, Copy)]
pub struct WaitingDelivery {
    pub id: DeliveryId,
    pub next_attempt_at: Timestamp,
}

// What waits is found by two indexes, `deliveries_due` of those without a number and
// `deliveries_ordered` of those with one, so that a query for either costs what it finds, whatever
// waits or has waited of the other kind. Each statement repeats its index's condition: only then is it used.

const DUE_UNNUMBERED: &str = "\
    SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ? AND class = ? \
    AND sequence IS NULL AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at, id LIMIT ?";

const DUE: &str = "\
    SELECT id, next_attempt_at FROM (SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ? AND class = ? \
    AND sequence IS NULL AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at, id LIMIT ?) AS unnumbered \
    UNION ALL \
    SELECT id, next_attempt_at FROM (SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ? AND class = ? \
    AND sequence IS NOT NULL AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at, id LIMIT ?) AS numbered";

/// The next due deliveries of a lane and class, soonest first. Those that have a number, from a time
/// when the subscription was ordered, are sorted for it: all that wait of them. What is held comes last, and is
/// left out.
///
/// In a lane that `gathers`, those with a number wait to be in a batch: they are not due by themselves.
pub async fn due_page(
    db: &impl Sql,
    lane: SubscriptionId,
    class: Class,
    gathers: bool,
    limit: usize,
) -> Result<Vec<WaitingDelivery>, DbErr> {
    let of_either = || [lane.into(), class_number(class).into(), as_limit(limit)];
    let rows = match gathers {
        true => query_all(db, DUE_UNNUMBERED, of_either().to_vec()).await?,
        false => query_all(db, DUE, [of_either(), of_either()].concat()).await?,
    };
    let mut page = rows.iter().map(waiting).collect::<Result<Vec<_>, _>>()?;
    page.retain(|one| one.next_attempt_at != HELD);
    page.sort_unstable_by_key(|one| (one.next_attempt_at, one.id));
    page.truncate(limit);
    Ok(page)
}

const FIRST_UNNUMBERED: &str = "\
    SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ? \
    AND sequence IS NULL AND next_attempt_at IS NOT NULL ORDER BY class, next_attempt_at, id LIMIT 1";
const FIRST_NUMBERED: &str = "\
    SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ? \
    AND sequence IS NOT NULL AND next_attempt_at IS NOT NULL ORDER BY sequence LIMIT 1";

/// The head of an ordered lane: its lowest unfinished number, and before all of them what was made
/// while the subscription was not ordered yet (no order was promised among those).
pub async fn head_of(
    db: &impl Sql,
    lane: SubscriptionId,
) -> Result<Option<WaitingDelivery>, DbErr> {
    for sql in [FIRST_UNNUMBERED, FIRST_NUMBERED] {
        let first = query_one(db, sql, vec![lane.into()]).await?;
        let first = first.as_ref().map(waiting).transpose()?;
        // What is held has no number, and comes after all others that have none.
        if first.is_some_and(|first| first.next_attempt_at != HELD) {
            return Ok(first);
        }
    }
    Ok(None)
}

const OVERDUE: &str = "\
    SELECT EXISTS (SELECT 1 FROM deliveries WHERE subscription_id = ? AND class IN (0, 1, 2) \
    AND sequence IS NULL AND next_attempt_at <= ?) \
    OR EXISTS (SELECT 1 FROM deliveries WHERE subscription_id = ? AND sequence IS NOT NULL AND next_attempt_at <= ?)";

/// Whether something in the lane has been due since `until`.
pub async fn is_overdue(
    db: &impl Sql,
    lane: SubscriptionId,
    until: Timestamp,
) -> Result<bool, DbErr> {
    let values = vec![lane.into(), until.into(), lane.into(), until.into()];
    query_one(db, OVERDUE, values).await?.map_or(Ok(false), |row| row.get(0))
}

const LANES_UNNUMBERED: &str = lanes_waiting!("sequence IS NULL");
const LANES_NUMBERED: &str = lanes_waiting!("sequence IS NOT NULL");

/// The lanes in which something waits: one seek per lane, whatever the backlog.
pub async fn lanes_waiting_across_tenants(db: &impl Sql) -> Result<Vec<SubscriptionId>, DbErr> {
    let mut lanes = BTreeSet::new();
    for sql in [LANES_UNNUMBERED, LANES_NUMBERED] {
        for row in query_all(db, sql, Vec::new()).await? {
            lanes.insert(row.get(0)?);
        }
    }
    Ok(lanes.into_iter().collect())
}

const WAITING_UNNUMBERED: &str = "\
    SELECT id, event_id, event_type FROM deliveries WHERE subscription_id = ? \
    AND sequence IS NULL AND next_attempt_at IS NOT NULL ORDER BY class DESC, next_attempt_at DESC, id DESC LIMIT ?";
const WAITING_NUMBERED: &str = "\
    SELECT id, event_id, event_type FROM deliveries WHERE subscription_id = ? \
    AND sequence IS NOT NULL AND next_attempt_at IS NOT NULL ORDER BY sequence LIMIT ?";

/// A waiting delivery that is to be cleared.
#[derive(Debug)]
pub struct Uncleared {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub event_type: String,
}

/// Waiting deliveries of a subscription without those named. What is held comes first: a batch's members before
/// its leader, so that no batch is left without one.
pub async fn waiting_page(
    db: &impl Sql,
    subscription: SubscriptionId,
    without: &HashSet<DeliveryId>,
    limit: usize,
) -> Result<Vec<Uncleared>, DbErr> {
    let mut page = Vec::new();
    for sql in [WAITING_UNNUMBERED, WAITING_NUMBERED] {
        if page.len() >= limit {
            break;
        }
        // At most so many of them are left out.
        let rows_max = as_limit(limit - page.len() + without.len());
        for row in query_all(db, sql, vec![subscription.into(), rows_max]).await? {
            let id = row.get(0)?;
            if !without.contains(&id) {
                page.push(Uncleared { id, event_id: row.get(1)?, event_type: row.get(2)? });
            }
        }
    }
    page.truncate(limit);
    Ok(page)
}

fn waiting(row: &Row) -> Result<WaitingDelivery, DbErr> {
    Ok(WaitingDelivery { id: row.get(0)?, next_attempt_at: row.get(1)? })
}

/// A number of rows as a statement's limit.
pub(super) fn as_limit(rows: usize) -> Value {
    i64::try_from(rows).unwrap_or(i64::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use migration::{Migrator, MigratorTrait};
    use sea_orm::Database;

    /// How SQLite would run a statement on a database that nobody has gathered statistics of.
    async fn plan(sql: &str) -> String {
        let db = Database::connect("sqlite::memory:").await.expect("a database");
        Migrator::up(&db, None).await.expect("the migrations run");
        let values = vec![Value::from(0_i64); sql.matches('?').count()];
        let rows = query_all(&db, &format!("EXPLAIN QUERY PLAN {sql}"), values).await;
        let lines = rows.expect("it is valid");
        lines.iter().map(|row| row.get::<String>(3).expect("text") + "\n").collect()
    }

    #[tokio::test]
    async fn what_waits_is_found_by_its_indexes_whatever_is_final() {
        for sql in [
            DUE,
            DUE_UNNUMBERED,
            OVERDUE,
            FIRST_UNNUMBERED,
            FIRST_NUMBERED,
            LANES_UNNUMBERED,
            LANES_NUMBERED,
            WAITING_UNNUMBERED,
            WAITING_NUMBERED,
        ] {
            let plan = plan(sql).await;
            let reads = |line: &&str| line.contains("SEARCH d") || line.contains("SCAN d");
            let lines: Vec<&str> = plan.lines().filter(reads).collect();
            assert!(!lines.is_empty(), "{plan}");
            for line in lines {
                let by_index = ["deliveries_due", "deliveries_ordered"];
                assert!(by_index.iter().any(|index| line.contains(index)), "{sql}\n{plan}");
            }
            // Only what was numbered before its subscription lost its order has to be sorted.
            let sorts = plan.matches("USE TEMP B-TREE").count();
            assert_eq!(sorts, usize::from(sql == DUE), "{sql}\n{plan}");
        }
        assert!(plan(DUE).await.contains("USING COVERING INDEX deliveries_due"));
    }
}
