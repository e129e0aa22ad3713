//! The statements of an ingest group.

use std::collections::{BTreeMap, HashMap};

use domain::delivery::{DeliveryStatus, Trigger};
use domain::event::NewEvent;
use domain::ids::{EventId, ReplayId, SubscriptionId, TenantId};
use sea_orm::{DbErr, Value};

use super::{NewDelivery, Prepared};
use crate::database::{
    Change, Param, RowKind, Rows, Sql, execute, one_of, placed_runs, query_all, query_one,
    row_table, runs, table,
};
use crate::partition::Parent;
use crate::rollups::Tally;

const EVENT_TYPES: [&str; 12] = [
    "uuid", "uuid", "text", "text", "bytea", "bytea", "bytea", "bytea", "text", "bigint",
    "integer", "bigint",
];

const EVENT_COLUMNS: &str = "id, tenant_id, type, timestamp, data, metadata, correlation_id, version, traceparent, \
                             deliver_at, delivery_count, created_at";

/// Demands that the tenants' address books are still of these revisions. (A condition on `deleted_at` as
/// such would let Postgres walk the index of all tenants that are there.)
pub(super) async fn demand_current(
    db: &impl Sql,
    revisions: &[(TenantId, i64)],
) -> Result<(), DbErr> {
    for run in runs(db, revisions) {
        let pairs = run.iter().map(|(id, revision)| [Value::from(*id), Value::from(*revision)]);
        let (rows, values) = table(db, &["uuid", "bigint"], pairs);
        let sql = format!(
            "WITH v (id, revision) AS ({rows}) SELECT 1 FROM v \
             JOIN tenants t ON t.id = v.id AND t.subscription_revision = v.revision \
             WHERE (t.deleted_at IS NULL) IS TRUE"
        );
        let values = Param::each(values);
        db.make(Change { sql, values, rows: Rows::Found(run.len()) }).await?;
    }
    Ok(())
}

/// Revisions of the tenants' address books, as this transaction sees them.
pub(super) async fn revisions(
    db: &impl Sql,
    tenants: &[TenantId],
) -> Result<HashMap<TenantId, i64>, DbErr> {
    let (among, values) = one_of(db, "uuid", tenants.iter().map(|id| (*id).into()).collect());
    let sql = format!(
        "SELECT id, subscription_revision FROM tenants WHERE deleted_at IS NULL AND id {among}"
    );
    let rows = query_all(db, &sql, values).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Inserts events whose ids we made, and counts them.
pub(crate) async fn insert_events(
    db: &impl Sql,
    events: &[&Prepared],
    tally: &mut Tally,
) -> Result<(), DbErr> {
    for event in events {
        tally.add_event(event.tenant, event.created_at);
    }
    for (events, run) in placed_runs(db, Parent::Events, events, |event| event.id.time()) {
        let rows = run.iter().map(|event| event_values(event));
        let (rows, values) = row_table(db, RowKind::Event, &EVENT_TYPES, rows);
        let sql = format!("{} INTO {events} ({EVENT_COLUMNS}) {rows}", db.all_or_nothing().insert);
        db.make(Change { sql, values, rows: Rows::Any }).await?;
    }
    Ok(())
}

/// Inserts an event whose id the caller chose, and counts it; `false` when the id is taken.
pub(super) async fn insert_chosen(
    db: &impl Sql,
    event: &Prepared,
    tally: &mut Tally,
) -> Result<bool, DbErr> {
    let (rows, values) = table(db, &EVENT_TYPES, std::iter::once(event_values(event)));
    let sql = format!(
        "INSERT INTO events ({EVENT_COLUMNS}) {rows} ON CONFLICT (id, tenant_id) DO NOTHING"
    );
    let is_new = execute(db, &sql, values).await? > 0;
    if is_new {
        tally.add_event(event.tenant, event.created_at);
    }
    Ok(is_new)
}

/// What is stored under an id.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    event_type: String,
    data: Vec<u8>,
    metadata: Vec<u8>,
    pub deliveries: u32,
    pub timestamp: String,
}

impl Stored {
    /// Whether it is the same event.
    pub(super) fn is_same(&self, event: &NewEvent) -> bool {
        self.event_type == event.event_type.as_str()
            && self.data == event.data.as_str().as_bytes()
            && self.metadata == event.metadata.as_str().as_bytes()
    }
}

/// Finds what is stored under an event's id.
pub(super) async fn find_stored(db: &impl Sql, event: &Prepared) -> Result<Option<Stored>, DbErr> {
    let sql = "SELECT type, data, metadata, delivery_count, timestamp FROM events WHERE id = ? AND tenant_id = ?";
    let Some(row) = query_one(db, sql, vec![event.id.into(), event.tenant.into()]).await? else {
        return Ok(None);
    };
    Ok(Some(Stored {
        event_type: row.get(0)?,
        data: row.get(1)?,
        metadata: row.get(2)?,
        deliveries: u32::try_from(row.get::<i32>(3)?).unwrap_or(0),
        timestamp: row.get(4)?,
    }))
}

fn event_values(prepared: &Prepared) -> [Value; 12] {
    let event = &prepared.event;
    let deliveries = prepared.matched.as_ref().map_or(0, Vec::len);
    [
        prepared.id.into(),
        prepared.tenant.into(),
        event.event_type.as_str().into(),
        event.timestamp.as_str().into(),
        event.data.as_str().as_bytes().into(),
        event.metadata.as_str().as_bytes().into(),
        event.correlation_id.as_ref().map(|text| text.as_bytes().to_vec()).into(),
        event.version.as_ref().map(|text| text.as_bytes().to_vec()).into(),
        prepared.traceparent.as_deref().map(str::to_owned).into(),
        event.deliver_at.map(|at| at.unix_ms()).into(),
        i32::try_from(deliveries).unwrap_or(i32::MAX).into(),
        prepared.created_at.into(),
    ]
}

const DELIVERY_COLUMNS: &str = "id, tenant_id, event_id, subscription_id, subscription_revision, event_type, status, \
    \"trigger\", class, attempt_count, max_attempts, next_attempt_at, sequence";
const DELIVERY_TYPES: [&str; 13] = [
    "uuid", "uuid", "uuid", "uuid", "bigint", "text", "smallint", "smallint", "smallint",
    "smallint", "smallint", "bigint", "bigint",
];

/// The same, with the replay that made them.
const REPLAYED_TYPES: [&str; 14] = [
    "uuid", "uuid", "uuid", "uuid", "bigint", "text", "smallint", "smallint", "smallint",
    "smallint", "smallint", "bigint", "bigint", "uuid",
];

/// Inserts deliveries, none of them attempted yet, and counts them.
pub(crate) async fn insert_deliveries(
    db: &impl Sql,
    deliveries: &[NewDelivery],
    tally: &mut Tally,
) -> Result<(), DbErr> {
    for delivery in deliveries {
        tally.add_delivery(delivery);
    }
    for (deliveries, run) in placed_runs(db, Parent::Deliveries, deliveries, |new| new.id.time()) {
        let rows = run.iter().map(delivery_values);
        let (rows, values) = row_table(db, RowKind::Delivery, &DELIVERY_TYPES, rows);
        let sql =
            format!("{} INTO {deliveries} ({DELIVERY_COLUMNS}) {rows}", db.all_or_nothing().insert);
        db.make(Change { sql, values, rows: Rows::Any }).await?;
    }
    Ok(())
}

/// Inserts deliveries of a replay, and counts them.
pub(crate) async fn insert_replayed(
    db: &impl Sql,
    deliveries: &[NewDelivery],
    replay: ReplayId,
    tally: &mut Tally,
) -> Result<(), DbErr> {
    for delivery in deliveries {
        tally.add_delivery(delivery);
    }
    for (deliveries, run) in placed_runs(db, Parent::Deliveries, deliveries, |new| new.id.time()) {
        let rows = run.iter().map(|new| {
            let mut values = [const { Value::Uuid(None) }; 14];
            values[..13].clone_from_slice(&delivery_values(new));
            values[13] = replay.into();
            values
        });
        let (rows, values) = table(db, &REPLAYED_TYPES, rows);
        let sql = format!("INSERT INTO {deliveries} ({DELIVERY_COLUMNS}, replay_id) {rows}");
        execute(db, &sql, values).await?;
    }
    Ok(())
}

fn delivery_values(delivery: &NewDelivery) -> [Value; 13] {
    [
        delivery.id.into(),
        delivery.tenant.into(),
        delivery.event_id.into(),
        delivery.subscription_id.into(),
        delivery.subscription_revision.into(),
        delivery.event_type.as_str().into(),
        DeliveryStatus::Pending.into(),
        delivery.trigger.into(),
        crate::store::delivery::class_number(first_class(delivery.trigger)).into(),
        0_i16.into(),
        i16::try_from(delivery.max_attempts).unwrap_or(i16::MAX).into(),
        delivery.due_at.into(),
        delivery.sequence.into(),
    ]
}

/// The class of a delivery before its first attempt.
pub(crate) fn first_class(trigger: Trigger) -> queue::Class {
    match trigger {
        Trigger::Replay => queue::Class::Replay,
        Trigger::Event | Trigger::Redelivery | Trigger::Test => queue::Class::First,
    }
}

/// Takes the next `count` sequence numbers of an ordered subscription; returns the first.
pub(crate) async fn take_sequence(
    db: &impl Sql,
    subscription: SubscriptionId,
    count: i64,
) -> Result<i64, DbErr> {
    let sql = "UPDATE subscriptions SET last_sequence = last_sequence + ? WHERE id = ? RETURNING last_sequence";
    let row = query_one(db, sql, vec![count.into(), subscription.into()]).await?;
    let row =
        row.ok_or_else(|| DbErr::RecordNotFound("the subscription of a sequence".to_owned()))?;
    Ok(row.get::<i64>(0)? - count + 1)
}

/// Gives deliveries of ordered subscriptions their numbers, in the order in which they come.
pub(crate) async fn number<'a>(
    db: &impl Sql,
    deliveries: impl Iterator<Item = &'a mut NewDelivery>,
) -> Result<(), DbErr> {
    // By key, so that two processes never wait for each other.
    let mut lanes: BTreeMap<SubscriptionId, Vec<&mut NewDelivery>> = BTreeMap::new();
    for delivery in deliveries {
        lanes.entry(delivery.subscription_id).or_default().push(delivery);
    }
    for (subscription, of_lane) in lanes {
        let count = i64::try_from(of_lane.len()).unwrap_or(i64::MAX);
        let first = take_sequence(db, subscription, count).await?;
        for (number, delivery) in (first..).zip(of_lane) {
            delivery.sequence = Some(number);
        }
    }
    Ok(())
}

/// The key under which rows of a group are written in order, so that two processes never wait for
/// each other.
pub(super) fn key(event: &Prepared) -> (EventId, TenantId) {
    (event.id, event.tenant)
}
