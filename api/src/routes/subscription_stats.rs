//! Figures of subscriptions side by side: of those that failed most, or of some that are named.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use domain::ids::{SubscriptionId, TenantId};
use domain::limits;
use domain::stats::{StatsWindow, Sums};
use domain::time::Timestamp;
use engine::store::rollup::{self, Scope};
use engine::store::{self, Whose};
use serde::Serialize;
use utoipa::ToSchema;

use super::stats::window;
use crate::State;
use crate::auth::Lister;
use crate::auth::need::DeliveriesRead;
use crate::openapi::schema;
use crate::page::LIMIT;
use crate::problem::Problem;
use crate::query::Query;

/// Subscriptions that are told when nobody says how many.
const LIMIT_DEFAULT: u32 = 10;

/// Figures of subscriptions in a window.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionStats {
    #[schema(schema_with = schema::time)]
    from: Timestamp,
    #[schema(schema_with = schema::time)]
    to: Timestamp,
    bucket_s: u32,
    /// Those with most failed attempts first.
    data: Vec<OfSubscription>,
    /// Whether all subscriptions with attempts were looked at.
    complete: bool,
}

/// Those of one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfSubscription {
    #[schema(schema_with = schema::subscription_id)]
    subscription_id: SubscriptionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    /// `***` when it is a credential.
    url: String,
    attempts: u64,
    succeeded: u64,
    failed: u64,
    dead_letters: u64,
    /// Every one of the window.
    buckets: Vec<Counts>,
}

/// Attempts of a bucket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Counts {
    #[schema(schema_with = schema::time)]
    start: Timestamp,
    attempts: u64,
    succeeded: u64,
    failed: u64,
}

/// Tells how subscriptions have fared.
pub(crate) async fn get(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&["from", "to", "bucket", "subscription_id", LIMIT])?;
    let (engine, whose) = (&state.engine, lister.whose);
    let window = window(&query, engine.clock.now())?;
    let named = query.any("subscription_id", str::parse::<SubscriptionId>)?;
    let limit = query.one::<u32>(LIMIT)?.unwrap_or(LIMIT_DEFAULT);
    if !limits::PAGE_ROWS.contains(&limit) {
        return Err(Problem::parameter("query parameter limit", "must be a number from 1 to 250"));
    }
    let db = &engine.database.lists;
    let (series, complete) = rollup::series_of_subscriptions(db, whose, &named, &window).await?;
    let mut figures: Vec<(Scope, Sums, BTreeMap<Timestamp, Sums>)> = Vec::new();
    for (scope, start, sums) in series {
        if figures.last().is_none_or(|(last, ..)| *last != scope) {
            figures.push((scope, Sums::default(), BTreeMap::new()));
        }
        if let Some((_, total, by_start)) = figures.last_mut() {
            total.merge(&sums);
            by_start.entry(start).or_default().merge(&sums);
        }
    }
    figures.sort_by_key(|(scope, total, _)| {
        (std::cmp::Reverse(total.failed()), std::cmp::Reverse(total.attempts()), *scope)
    });
    figures.truncate(limit as usize);
    let ids: Vec<SubscriptionId> = figures.iter().map(|(scope, ..)| scope.subscription).collect();
    let urls = store::subscription::urls_across_tenants(db, ids).await?;
    let data = figures.into_iter().map(|(scope, total, by_start)| OfSubscription {
        subscription_id: scope.subscription,
        tenant_id: (whose == Whose::AcrossTenants).then_some(scope.tenant),
        url: urls.get(&scope.subscription).cloned().unwrap_or_default(),
        attempts: total.attempts(),
        succeeded: total.succeeded(),
        failed: total.failed(),
        dead_letters: total.dead_letters,
        buckets: counts(&window, &by_start),
    });
    Ok(HttpResponse::Ok().json(SubscriptionStats {
        from: window.from,
        to: window.to,
        bucket_s: window.bucket.seconds(),
        data: data.collect(),
        complete,
    }))
}

fn counts(window: &StatsWindow, by_start: &BTreeMap<Timestamp, Sums>) -> Vec<Counts> {
    let none = Sums::default();
    let count = |start| {
        let sums = by_start.get(&start).unwrap_or(&none);
        Counts {
            start,
            attempts: sums.attempts(),
            succeeded: sums.succeeded(),
            failed: sums.failed(),
        }
    };
    window.starts().map(count).collect()
}
