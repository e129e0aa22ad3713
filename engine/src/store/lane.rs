//! Lanes in which something waits, as the database sees them.

use domain::ids::{SubscriptionId, TenantId};
use domain::subscription::SubscriptionStatus;
use domain::time::Timestamp;
use sea_orm::{DbErr, Value};

use super::{Whose, delivery};
use crate::database::{Row, Sql, one_of, query_all};

/// A lane in which something waits.
#[derive(Debug)]
pub struct Waiting {
    pub subscription_id: SubscriptionId,
    pub tenant_id: TenantId,
    /// `***` when it is a credential.
    pub url: String,
    pub status: SubscriptionStatus,
    pub consecutive_failures: i32,
    /// Both set while its circuit is open.
    pub circuit_opened_at: Option<Timestamp>,
    pub probe_at: Option<Timestamp>,
    /// Deliveries that wait, counted up to [`COUNTED_MAX`].
    pub waiting: i64,
    /// When the one that is due first was, or is, due.
    pub due_at: Option<Timestamp>,
}

/// Deliveries of a lane that are counted at most.
pub const COUNTED_MAX: usize = 10_000;
/// Lanes that are looked into at most.
pub const LANES_MAX: usize = 200;

/// Lanes in which something waits, and whether these are all.
pub async fn waiting(db: &impl Sql, whose: Whose) -> Result<(Vec<Waiting>, bool), DbErr> {
    let lanes = delivery::lanes_waiting_across_tenants(db).await?;
    if lanes.is_empty() {
        return Ok((Vec::new(), true));
    }
    let (among, ids) = one_of(db, "uuid", lanes.into_iter().map(Value::from).collect());
    let first = |kind: &str, order: &str| {
        format!(
            "(SELECT d.next_attempt_at FROM deliveries d WHERE d.subscription_id = s.id AND {kind} \
             AND d.next_attempt_at IS NOT NULL ORDER BY {order} LIMIT 1)"
        )
    };
    let of_class = |class: i16| {
        first(&format!("d.class = {class} AND d.sequence IS NULL"), "d.next_attempt_at")
    };
    let count = |kind: &str| {
        format!(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE d.subscription_id = s.id AND {kind} \
             AND d.next_attempt_at IS NOT NULL LIMIT {COUNTED_MAX}) AS counted)"
        )
    };
    let mut sql = format!(
        "SELECT s.id, s.tenant_id, s.url, s.status, s.consecutive_failures, s.circuit_opened_at, s.probe_at, \
         {}, {}, {}, {}, {}, {} FROM subscriptions s WHERE s.id {among}",
        count("d.sequence IS NULL"),
        count("d.sequence IS NOT NULL"),
        of_class(0),
        of_class(1),
        of_class(2),
        first("d.sequence IS NOT NULL", "d.sequence"),
    );
    let mut values = ids;
    if let Whose::Tenant(tenant) = whose {
        sql.push_str(" AND s.tenant_id = ?");
        values.push(tenant.into());
    }
    // Those whose receivers fail first, when there are too many.
    sql.push_str(" ORDER BY s.consecutive_failures DESC, s.id LIMIT ?");
    values.push(delivery::as_limit(LANES_MAX));
    let rows = query_all(db, &sql, values).await?;
    let lanes: Vec<Waiting> = rows.iter().map(Waiting::read).collect::<Result<_, _>>()?;
    let is_complete = lanes.len() < LANES_MAX;
    Ok((lanes, is_complete))
}

impl Waiting {
    fn read(row: &Row) -> Result<Self, DbErr> {
        let due: Vec<Timestamp> = (9..=12)
            .map(|column| row.get::<Option<Timestamp>>(column))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        let counted_max = i64::try_from(COUNTED_MAX).unwrap_or(i64::MAX);
        let waiting = row.get::<i64>(7)? + row.get::<i64>(8)?;
        Ok(Self {
            subscription_id: row.get(0)?,
            tenant_id: row.get(1)?,
            url: row.get(2)?,
            status: row.get(3)?,
            consecutive_failures: row.get(4)?,
            circuit_opened_at: row.get(5)?,
            probe_at: row.get(6)?,
            waiting: waiting.min(counted_max),
            // What is held is due when somebody lets it go.
            due_at: due.into_iter().min().filter(|at| *at != domain::delivery::HELD),
        })
    }
}
