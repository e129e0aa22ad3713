//! Figures of a window of time: what was attempted, how long it took, and what was made.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use domain::ids::SubscriptionId;
use domain::stats::{Bucket, NoWindow, StatsWindow, Sums};
use domain::time::Timestamp;
use engine::store::rollup::{self, Scope};
use engine::store::{self, Whose};
use serde::Serialize;
use utoipa::ToSchema;

use crate::State;
use crate::auth::Lister;
use crate::auth::need::DeliveriesRead;
use crate::openapi::schema;
use crate::problem::Problem;
use crate::query::Query;

/// What is told of a window: whole buckets, each of them listed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    #[schema(schema_with = schema::time)]
    from: Timestamp,
    #[schema(schema_with = schema::time)]
    to: Timestamp,
    bucket_s: u32,
    buckets: Vec<BucketFigures>,
    totals: Totals,
    /// Failed attempts by reason.
    #[schema(schema_with = schema::failure_counts)]
    failure_reasons: BTreeMap<&'static str, u64>,
}

/// Figures of attempts, by the instant at which they started. The percentiles of their durations are over
/// all of them, within 5 %; `null` when there are none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Figures {
    attempts: u64,
    succeeded: u64,
    failed: u64,
    p50_ms: Option<u32>,
    p95_ms: Option<u32>,
    p99_ms: Option<u32>,
}

/// Those of one bucket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BucketFigures {
    #[schema(schema_with = schema::time)]
    start: Timestamp,
    #[serde(flatten)]
    figures: Figures,
}

/// Those of the whole window, and what was made in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Totals {
    #[serde(flatten)]
    figures: Figures,
    /// With `subscription_id`, events that made a delivery there.
    events: u64,
    deliveries: u64,
    dead_letters: u64,
}

impl Stats {
    fn new(window: &StatsWindow, series: &[Sums]) -> Self {
        let mut sums = Sums::default();
        series.iter().for_each(|bucket| sums.merge(bucket));
        let bucket = |(start, sums)| BucketFigures { start, figures: Figures::of(sums) };
        Self {
            from: window.from,
            to: window.to,
            bucket_s: window.bucket.seconds(),
            buckets: window.starts().zip(series).map(bucket).collect(),
            failure_reasons: sums
                .failures()
                .map(|(reason, count)| (reason.as_str(), count))
                .collect(),
            totals: Totals {
                figures: Figures::of(&sums),
                events: sums.events,
                deliveries: sums.deliveries,
                dead_letters: sums.dead_letters,
            },
        }
    }
}

impl Figures {
    fn of(sums: &Sums) -> Self {
        Self {
            attempts: sums.attempts(),
            succeeded: sums.succeeded(),
            failed: sums.failed(),
            p50_ms: sums.durations.percentile(50),
            p95_ms: sums.durations.percentile(95),
            p99_ms: sums.durations.percentile(99),
        }
    }
}

/// Shows the figures of a tenant, of one subscription, or (the operator) of everybody.
pub(crate) async fn get(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&["from", "to", "bucket", "subscription_id"])?;
    let engine = &state.engine;
    let window = window(&query, engine.clock.now())?;
    let scope = match query.one::<SubscriptionId>("subscription_id")? {
        Some(id) => scope_of(&engine.database.read, lister.whose, id).await?,
        None => match lister.whose {
            Whose::Tenant(tenant) => Scope::of_tenant(tenant),
            Whose::AcrossTenants => Scope::ALL,
        },
    };
    let series = rollup::series(&engine.database.lists, scope, &window).await?;
    Ok(HttpResponse::Ok().json(Stats::new(&window, &series)))
}

pub(super) fn window(query: &Query, now: Timestamp) -> Result<StatsWindow, Problem> {
    let asked = query.window()?;
    let bucket = query.one::<Bucket>("bucket")?.unwrap_or_default();
    StatsWindow::new(asked.from, asked.to, bucket, now).map_err(|none| {
        let name = match none {
            NoWindow::Empty => "from",
            NoWindow::TooLong { .. } => "bucket",
        };
        Problem::parameter(&format!("query parameter {name}"), none)
    })
}

/// The subscription's, if the caller may see it. That of a deleted one is still told: its deliveries
/// are.
async fn scope_of(
    db: &impl sea_orm::ConnectionTrait,
    whose: Whose,
    id: SubscriptionId,
) -> Result<Scope, Problem> {
    let row = store::subscription::find_across_tenants(db, id).await?;
    let row = row.filter(|row| match whose {
        Whose::Tenant(tenant) => row.tenant_id == tenant,
        Whose::AcrossTenants => true,
    });
    let row = row.ok_or_else(|| Problem::not_found("subscription"))?;
    Ok(Scope { tenant: row.tenant_id, subscription: row.id })
}
