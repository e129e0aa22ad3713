//! Dead letters: deliveries whose attempts are used up, until they are replayed or discarded.

use domain::delivery::DeliveryStatus;
use domain::event_type::EventType;
use domain::ids::{DeliveryId, EventId, Of, SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use domain::replay::Choice;
use domain::time::Timestamp;
use entity::dead_letter::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Value,
};

use super::{Found, Page, Whose, Window, delivery, last_looked_at};
use crate::database::{Change, Param, Row, Rows, Sql, execute, one_of, query_all, runs, table};
use crate::rollups::Tally;

/// A delivery that has just failed.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    pub delivery_id: DeliveryId,
    pub tenant_id: TenantId,
    pub event_id: EventId,
    pub subscription_id: SubscriptionId,
    pub event_type: &'a str,
    pub dead_at: Timestamp,
}

const TYPES: [&str; 6] = ["uuid", "uuid", "uuid", "uuid", "text", "bigint"];

/// Stores dead letters, and counts them: a delivery dies once.
pub(crate) async fn insert(
    db: &impl Sql,
    letters: &[New<'_>],
    tally: &mut Tally,
) -> Result<(), DbErr> {
    for run in runs(db, letters) {
        let (rows, values) = table(db, &TYPES, run.iter().map(New::values));
        let sql = format!(
            "INSERT INTO dead_letters (delivery_id, tenant_id, event_id, subscription_id, event_type, dead_at) \
             {rows} ON CONFLICT (delivery_id) DO NOTHING"
        );
        let values = Param::each(values);
        db.make(Change { sql, values, rows: Rows::Any }).await?;
    }
    letters.iter().for_each(|letter| tally.add_dead_letter(letter));
    Ok(())
}

impl New<'_> {
    fn values(&self) -> [Value; 6] {
        [
            self.delivery_id.into(),
            self.tenant_id.into(),
            self.event_id.into(),
            self.subscription_id.into(),
            self.event_type.into(),
            self.dead_at.into(),
        ]
    }
}

/// A success resolves every earlier dead letter of its event at its subscription; `beside` are those that the
/// transaction has just made.
pub(crate) async fn resolve_earlier(
    db: &impl Sql,
    successes: &[(SubscriptionId, EventId)],
    beside: &[New<'_>],
    now: Timestamp,
) -> Result<(), DbErr> {
    let meets_one_beside =
        beside.iter().any(|new| successes.contains(&(new.subscription_id, new.event_id)));
    for run in runs(db, successes) {
        let rows = run.iter().map(|(lane, event)| [Value::from(*lane), (*event).into()]);
        let (rows, mut values) = table(db, &["uuid", "uuid"], rows);
        let sql = format!(
            "WITH v (subscription_id, event_id) AS ({rows}) \
             UPDATE dead_letters SET resolved_at = ?, resolution = 'replayed' FROM v \
             WHERE dead_letters.subscription_id = v.subscription_id AND dead_letters.event_id = v.event_id \
             AND dead_letters.resolved_at IS NULL"
        );
        values.push(now.into());
        let change = Change { sql, values: Param::each(values), rows: Rows::Any };
        // Changes that become one statement do not see each other.
        match meets_one_beside {
            true => change.make_now(db).await?,
            false => db.make(change).await?,
        }
    }
    Ok(())
}

/// Discards an unresolved dead letter; `false` when the tenant has none of that id.
pub async fn discard(
    db: &impl Sql,
    delivery: Of<DeliveryId>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let (tenant, id) = (delivery.tenant(), delivery.id());
    let sql = "UPDATE dead_letters SET resolved_at = ?, resolution = 'discarded' \
               WHERE delivery_id = ? AND tenant_id = ? AND resolved_at IS NULL";
    Ok(execute(db, sql, vec![now.into(), id.into(), tenant.into()]).await? > 0)
}

/// Discards unresolved dead letters of a subscription, `rows_max` at most; how many.
pub async fn discard_of_subscription(
    db: &impl Sql,
    subscription: SubscriptionId,
    rows_max: usize,
    now: Timestamp,
) -> Result<usize, DbErr> {
    let sql = "UPDATE dead_letters SET resolved_at = ?, resolution = 'discarded' WHERE delivery_id IN \
               (SELECT delivery_id FROM dead_letters WHERE subscription_id = ? AND resolved_at IS NULL LIMIT ?)";
    let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
    let discarded =
        execute(db, sql, vec![now.into(), subscription.into(), rows_max.into()]).await?;
    Ok(usize::try_from(discarded).unwrap_or(usize::MAX))
}

/// Discards those of a tenant's unresolved dead letters that are chosen and stand behind `after`, of the next
/// `rows_max`; how many, and where it goes on.
pub async fn discard_next(
    db: &impl Sql,
    tenant: TenantId,
    choice: &Choice,
    after: Option<DeliveryId>,
    rows_max: usize,
    now: Timestamp,
) -> Result<(usize, Option<DeliveryId>), DbErr> {
    let mut sql = "SELECT delivery_id, event_type FROM dead_letters WHERE tenant_id = ? AND resolved_at IS NULL \
                   AND delivery_id >= ? AND delivery_id < ?"
        .to_owned();
    let mut values: Vec<Value> = vec![
        tenant.into(),
        DeliveryId::floor(choice.from).into(),
        DeliveryId::floor(choice.to).into(),
    ];
    if let Some(after) = after {
        sql.push_str(" AND delivery_id > ?");
        values.push(after.into());
    }
    if let Some(subscription) = choice.subscription {
        sql.push_str(" AND subscription_id = ?");
        values.push(subscription.into());
    }
    sql.push_str(&of_reasons("dead_letters", choice.failure_reasons.named()));
    sql.push_str(" ORDER BY delivery_id LIMIT ?");
    values.push(delivery::as_limit(rows_max));
    let rows = query_all(db, &sql, values).await?;
    let mut chosen: Vec<Value> = Vec::with_capacity(rows.len());
    let mut last = None;
    for row in &rows {
        let id: DeliveryId = row.get(0)?;
        last = Some(id);
        if choice.event_types.matches(&EventType::from_stored(row.get(1)?)) {
            chosen.push(id.into());
        }
    }
    let next = last.filter(|_| rows.len() == rows_max);
    if chosen.is_empty() {
        return Ok((0, next));
    }
    let (among, ids) = one_of(db, "uuid", chosen);
    let sql = format!(
        "UPDATE dead_letters SET resolved_at = ?, resolution = 'discarded' WHERE resolved_at IS NULL AND delivery_id {among}"
    );
    let discarded = execute(db, &sql, [vec![now.into()], ids].concat()).await?;
    Ok((usize::try_from(discarded).unwrap_or(usize::MAX), next))
}

/// The rest of a condition on dead letters (of the table called `letters`): those whose deliveries failed for one of the reasons;
/// nothing when none is named.
pub(crate) fn of_reasons(letters: &str, reasons: &[FailureReason]) -> String {
    delivery::failed_for(reasons).map_or_else(String::new, |among| {
        format!(
            " AND EXISTS (SELECT 1 FROM deliveries f WHERE f.id = {letters}.delivery_id AND f.{among})"
        )
    })
}

/// Unresolved dead letters of one subscription that failed for one reason.
#[derive(Debug)]
pub struct Group {
    pub tenant_id: TenantId,
    pub subscription_id: SubscriptionId,
    pub failure_reason: Option<FailureReason>,
    pub count: i64,
    pub oldest_dead_at: Timestamp,
    pub newest_dead_at: Timestamp,
}

/// Groups are made of so many of the newest dead letters at most: it costs a fraction of a second, however many
/// have gathered.
pub const GROUPED_MAX: usize = 100_000;
/// So many groups are told at most.
const GROUPS_MAX: usize = 100;

/// The largest groups of unresolved dead letters, and of how many letters they were made.
pub async fn groups(
    db: &impl Sql,
    whose: Whose,
    window: Window,
) -> Result<(Vec<Group>, usize), DbErr> {
    let mut looked_at =
        "SELECT delivery_id, tenant_id, subscription_id, dead_at FROM dead_letters \
                         WHERE resolved_at IS NULL"
            .to_owned();
    let mut values: Vec<Value> = Vec::new();
    if let Whose::Tenant(tenant) = whose {
        looked_at.push_str(" AND tenant_id = ?");
        values.push(tenant.into());
    }
    for (edge, than) in [(window.from, ">="), (window.to, "<")] {
        if let Some(at) = edge {
            looked_at.push_str(&format!(" AND delivery_id {than} ?"));
            values.push(DeliveryId::floor(at).into());
        }
    }
    let sql = format!(
        "SELECT l.tenant_id, l.subscription_id, d.failure_reason, COUNT(*), MIN(l.dead_at), MAX(l.dead_at) \
         FROM ({looked_at} ORDER BY delivery_id DESC LIMIT ?) AS l JOIN deliveries d ON d.id = l.delivery_id \
         GROUP BY l.tenant_id, l.subscription_id, d.failure_reason ORDER BY COUNT(*) DESC, l.subscription_id"
    );
    values.push(delivery::as_limit(GROUPED_MAX));
    let rows = query_all(db, &sql, values).await?;
    let groups: Vec<Group> = rows.iter().map(Group::read).collect::<Result<_, _>>()?;
    let letters = groups.iter().map(|group| group.count).sum::<i64>();
    let groups = groups.into_iter().take(GROUPS_MAX).collect();
    Ok((groups, usize::try_from(letters).unwrap_or(0)))
}

impl Group {
    fn read(row: &Row) -> Result<Self, DbErr> {
        Ok(Self {
            tenant_id: row.get(0)?,
            subscription_id: row.get(1)?,
            failure_reason: row.get(2)?,
            count: row.get(3)?,
            oldest_dead_at: row.get(4)?,
            newest_dead_at: row.get(5)?,
        })
    }
}

/// The tenant's dead letter of a delivery, resolved or not.
pub async fn find(
    db: &impl ConnectionTrait,
    delivery: Of<DeliveryId>,
) -> Result<Option<Model>, DbErr> {
    let query = Entity::find_by_id(delivery.id());
    query.filter(Column::TenantId.eq(delivery.tenant())).one(db).await
}

/// Newest delivery first, each with its delivery's row. `resolved` chooses which ones.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &delivery::Filter,
    resolved: bool,
    page: Page<DeliveryId>,
) -> Result<Found<(Model, entity::delivery::Model), DeliveryId>, DbErr> {
    let mut query = whose.of(Entity::find(), Column::TenantId).order_by_desc(Column::DeliveryId);
    query = query.filter(if resolved {
        Column::ResolvedAt.is_not_null()
    } else {
        Column::ResolvedAt.is_null()
    });
    if !filter.statuses.is_empty() && !filter.statuses.contains(&DeliveryStatus::Failed) {
        return Ok(Found { rows: Vec::new(), looked_until: None });
    }
    if let Some(from) = filter.window.from {
        query = query.filter(Column::DeliveryId.gte(DeliveryId::floor(from)));
    }
    if let Some(to) = filter.window.to {
        query = query.filter(Column::DeliveryId.lt(DeliveryId::floor(to)));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::DeliveryId.lt(after));
    }
    let mut looked_until = None;
    let is_selective = !filter.subscriptions.is_empty()
        || !filter.event_types.is_empty()
        || !filter.events.is_empty()
        || !filter.failure_reasons.is_empty();
    if is_selective {
        looked_until = last_looked_at(db, &query, [Column::DeliveryId]).await?;
    }
    if let Some(until) = looked_until {
        query = query.filter(Column::DeliveryId.gte(until));
    }
    if !filter.subscriptions.is_empty() {
        query = query.filter(Column::SubscriptionId.is_in(filter.subscriptions.iter().copied()));
    }
    if !filter.event_types.is_empty() {
        query = query.filter(Column::EventType.is_in(&filter.event_types));
    }
    if !filter.events.is_empty() {
        query = query.filter(Column::EventId.is_in(filter.events.iter().copied()));
    }
    if !filter.failure_reasons.is_empty() {
        use entity::delivery::{Column as DeliveryColumn, Entity as Deliveries};
        let failed = Deliveries::find()
            .select_only()
            .column(DeliveryColumn::Id)
            .filter(DeliveryColumn::FailureReason.is_in(filter.failure_reasons.iter().copied()))
            .filter(
                Expr::col((Deliveries, DeliveryColumn::Id)).equals((Entity, Column::DeliveryId)),
            );
        query = query.filter(Expr::exists(failed.into_query()));
    }
    let letters = query.limit(page.limit).all(db).await?;
    let ids = letters.iter().map(|letter| letter.delivery_id);
    let deliveries = entity::delivery::Entity::find()
        .filter(entity::delivery::Column::Id.is_in(ids))
        .all(db)
        .await?;
    let mut by_id: std::collections::HashMap<DeliveryId, entity::delivery::Model> =
        deliveries.into_iter().map(|row| (row.id, row)).collect();
    let with_delivery =
        |letter: Model| by_id.remove(&letter.delivery_id).map(|delivery| (letter, delivery));
    Ok(Found { rows: letters.into_iter().filter_map(with_delivery).collect(), looked_until })
}
