//! Lanes in which something waits, and how full the queue is.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use domain::ids::{SubscriptionId, TenantId};
use domain::subscription::SubscriptionStatus;
use domain::time::Timestamp;
use engine::store::Whose;
use engine::store::lane::{self, Waiting};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::State;
use crate::auth::Lister;
use crate::auth::need::DeliveriesRead;
use crate::openapi::schema;
use crate::problem::Problem;
use crate::query::Query;

/// How long the queue may take to tell how full it is; without it the rest is told.
const QUEUE_WAIT: Duration = Duration::from_secs(1);
/// A lane is behind when what is due there has not been attempted for so long.
const BEHIND_AFTER: Duration = Duration::from_secs(10);

/// What waits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lanes {
    /// Of all tenants; `null` for a tenant, and while the queue cannot be reached.
    queue: Option<QueueFigures>,
    /// Those behind, open or paused first, and of these the one that has waited longest.
    data: Vec<Lane>,
    /// Whether all lanes are told in which something waits.
    complete: bool,
}

/// How full the queue is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueFigures {
    lanes: usize,
    /// Due now and waiting for their turn.
    ready: usize,
    /// Due later; what is due far ahead is in the database only.
    delayed: usize,
    in_flight: usize,
    /// Lanes that are not served because somebody has paused them.
    paused: usize,
    /// Lanes whose circuit is open.
    open: usize,
    /// Milliseconds that the longest of those that may be served has been due.
    oldest_ready_ms: u64,
}

/// How a lane is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LaneState {
    /// What is due has not been attempted for some time.
    Behind,
    /// Its circuit is open: one probe at a time is let through.
    Open,
    /// Its subscription is not active.
    Paused,
    Served,
}

impl LaneState {
    pub(crate) const NAMES: [&str; 4] = ["behind", "open", "paused", "served"];
}

/// A lane in which something waits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lane {
    #[schema(schema_with = schema::subscription_id)]
    subscription_id: SubscriptionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    /// `***` when it is a credential.
    url: String,
    #[schema(schema_with = schema::lane_state)]
    state: LaneState,
    /// Deliveries that wait, retries among them; counted up to 10000.
    #[schema(minimum = 0)]
    waiting: i64,
    /// When the first of them was due, or is.
    #[schema(schema_with = schema::time_or_null)]
    due_at: Option<Timestamp>,
    #[schema(minimum = 0)]
    consecutive_failures: i32,
    /// When the next probe of an open circuit is due.
    #[schema(schema_with = schema::time_or_null)]
    probe_at: Option<Timestamp>,
}

impl Lane {
    fn new(row: Waiting, whose: Whose, now: Timestamp) -> Self {
        let is_overdue = row.due_at.is_some_and(|due_at| due_at + BEHIND_AFTER < now);
        let state = match row.status {
            SubscriptionStatus::Active if row.circuit_opened_at.is_some() => LaneState::Open,
            SubscriptionStatus::Active if is_overdue => LaneState::Behind,
            SubscriptionStatus::Active => LaneState::Served,
            SubscriptionStatus::Paused | SubscriptionStatus::Disabled => LaneState::Paused,
        };
        Self {
            subscription_id: row.subscription_id,
            tenant_id: (whose == Whose::AcrossTenants).then_some(row.tenant_id),
            url: row.url,
            state,
            waiting: row.waiting,
            due_at: row.due_at,
            consecutive_failures: row.consecutive_failures,
            probe_at: row.probe_at,
        }
    }
}

/// Tells which lanes have something waiting, and (the operator) how full the queue is.
pub(crate) async fn get(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let (engine, whose) = (&state.engine, lister.whose);
    let queue = match whose {
        Whose::Tenant(_) => None,
        Whose::AcrossTenants => {
            let stats = timeout(QUEUE_WAIT, engine.lanes.queue().stats()).await;
            stats.ok().and_then(Result::ok).map(|stats| QueueFigures {
                lanes: stats.lanes,
                ready: stats.ready,
                delayed: stats.delayed,
                in_flight: stats.leased,
                paused: stats.lanes_paused,
                open: stats.lanes_open,
                oldest_ready_ms: stats.oldest_ready.as_millis().try_into().unwrap_or(u64::MAX),
            })
        }
    };
    let (rows, complete) = lane::waiting(&engine.database.lists, whose).await?;
    let now = engine.clock.now();
    let mut data: Vec<Lane> = rows.into_iter().map(|row| Lane::new(row, whose, now)).collect();
    data.sort_by_key(|lane| (lane.state, lane.due_at.is_none(), lane.due_at));
    Ok(HttpResponse::Ok().json(Lanes { queue, data, complete }))
}
