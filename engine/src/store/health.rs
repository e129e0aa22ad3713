//! How receivers have been doing: columns of their subscriptions.

use domain::health::{Circuit, Failing, Health};
use domain::ids::{SubscriptionId, TenantId};
use domain::time::Timestamp;
use entity::subscription::ActiveModel;
use sea_orm::ActiveValue::Set;
use sea_orm::{DbBackend, DbErr};

use super::subscription::Standing;
use crate::database::{Row, Sql, execute, one_of, peek_all, query_all};

/// Where a subscription stands, and how its receiver has been doing.
#[derive(Debug, Clone, Copy)]
pub struct Receiver {
    pub standing: Standing,
    pub tenant: TenantId,
    pub health: Health,
}

/// Which of the subscriptions, whoever's they are, have receivers that have failed since their last
/// success: hardly ever any.
pub async fn failing_across_tenants(
    db: &impl Sql,
    ids: &[SubscriptionId],
) -> Result<Vec<SubscriptionId>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = one_of(db, "uuid", ids.iter().map(|id| (*id).into()).collect());
    let sql =
        format!("SELECT id FROM subscriptions WHERE id {among} AND failing_since IS NOT NULL");
    peek_all(db, &sql, values).await?.iter().map(|row| row.get(0)).collect()
}

/// The receivers of subscriptions, whoever's they are, in the order of their ids. The rows are taken for
/// the rest of the transaction: what is made of them is written in it.
pub async fn take_across_tenants(
    db: &impl Sql,
    ids: &[SubscriptionId],
) -> Result<Vec<Receiver>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = one_of(db, "uuid", ids.iter().map(|id| (*id).into()).collect());
    let taken = match db.backend() {
        DbBackend::Postgres => "ORDER BY id FOR UPDATE",
        // Whoever writes is alone.
        _ => "ORDER BY id",
    };
    let sql = format!(
        "SELECT id, tenant_id, status, deleted_at IS NOT NULL, consecutive_failures, circuit_opened_at, failed_probes, \
         probe_at, failing_since, failing_last_at, failing_attempts, failing_days \
         FROM subscriptions WHERE id {among} {taken}"
    );
    query_all(db, &sql, values).await?.iter().map(receiver).collect()
}

fn receiver(row: &Row) -> Result<Receiver, DbErr> {
    let count = |index| row.get::<i32>(index).map(|count| u32::try_from(count).unwrap_or(0));
    let circuit = match (row.get::<Option<Timestamp>>(5)?, row.get::<Option<Timestamp>>(7)?) {
        (Some(since), Some(probe_at)) => {
            Circuit::Open { since, failed_probes: count(6)?, probe_at }
        }
        _ => Circuit::Closed,
    };
    let failing = match (row.get::<Option<Timestamp>>(8)?, row.get::<Option<Timestamp>>(9)?) {
        (Some(since), Some(last_at)) => {
            Some(Failing { since, last_at, attempts: count(10)?, days: count(11)? })
        }
        _ => None,
    };
    Ok(Receiver {
        standing: Standing { id: row.get(0)?, status: row.get(2)?, is_deleted: row.get(3)? },
        tenant: row.get(1)?,
        health: Health { consecutive_failures: count(4)?, circuit, failing },
    })
}

/// Stores a receiver's health; `is_told`: whether the queue has to be told.
pub async fn store(
    db: &impl Sql,
    id: SubscriptionId,
    health: &Health,
    is_told: bool,
) -> Result<(), DbErr> {
    let columns = Columns::of(health);
    let sql = "UPDATE subscriptions SET lane_revision = lane_revision + ?, consecutive_failures = ?, circuit_opened_at = ?, \
               failed_probes = ?, probe_at = ?, failing_since = ?, failing_last_at = ?, failing_attempts = ?, \
               failing_days = ? WHERE id = ?";
    let values = vec![
        i64::from(is_told).into(),
        columns.consecutive_failures.into(),
        columns.circuit_opened_at.map(Timestamp::unix_ms).into(),
        columns.failed_probes.into(),
        columns.probe_at.map(Timestamp::unix_ms).into(),
        columns.failing_since.map(Timestamp::unix_ms).into(),
        columns.failing_last_at.map(Timestamp::unix_ms).into(),
        columns.failing_attempts.into(),
        columns.failing_days.into(),
        id.into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}

/// Forgets in a change of a subscription what was held against its receiver.
pub fn forget(changed: &mut ActiveModel) {
    let columns = Columns::of(&Health::default());
    changed.consecutive_failures = Set(columns.consecutive_failures);
    changed.circuit_opened_at = Set(columns.circuit_opened_at);
    changed.failed_probes = Set(columns.failed_probes);
    changed.probe_at = Set(columns.probe_at);
    changed.failing_since = Set(columns.failing_since);
    changed.failing_last_at = Set(columns.failing_last_at);
    changed.failing_attempts = Set(columns.failing_attempts);
    changed.failing_days = Set(columns.failing_days);
}

struct Columns {
    consecutive_failures: i32,
    circuit_opened_at: Option<Timestamp>,
    failed_probes: i32,
    probe_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failing_last_at: Option<Timestamp>,
    failing_attempts: i32,
    failing_days: i32,
}

impl Columns {
    fn of(health: &Health) -> Self {
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let (opened_at, failed_probes, probe_at) = match health.circuit {
            Circuit::Closed => (None, 0, None),
            Circuit::Open { since, failed_probes, probe_at } => {
                (Some(since), failed_probes, Some(probe_at))
            }
        };
        Self {
            consecutive_failures: count(health.consecutive_failures),
            circuit_opened_at: opened_at,
            failed_probes: count(failed_probes),
            probe_at,
            failing_since: health.failing.map(|failing| failing.since),
            failing_last_at: health.failing.map(|failing| failing.last_at),
            failing_attempts: health.failing.map_or(0, |failing| count(failing.attempts)),
            failing_days: health.failing.map_or(0, |failing| count(failing.days)),
        }
    }
}
