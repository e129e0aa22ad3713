//! Dead letters by what they have in common: the subscription, and why they failed.

use actix_web::{HttpResponse, web};
use domain::ids::{SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use domain::time::Timestamp;
use engine::store::Whose;
use engine::store::dead_letter::{self, GROUPED_MAX};
use serde::Serialize;
use utoipa::ToSchema;

use crate::State;
use crate::auth::Lister;
use crate::auth::need::DeliveriesRead;
use crate::openapi::schema;
use crate::problem::Problem;
use crate::query::Query;

/// The largest groups of unresolved dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterGroups {
    data: Vec<DeadLetterGroup>,
    /// Whether all dead letters of the window were counted, and not the newest 100000 only.
    complete: bool,
}

/// Unresolved dead letters of one subscription that failed for one reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterGroup {
    #[schema(schema_with = schema::subscription_id)]
    subscription_id: SubscriptionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    #[schema(schema_with = schema::failure_reason_or_null)]
    failure_reason: Option<FailureReason>,
    #[schema(minimum = 1)]
    count: i64,
    #[schema(schema_with = schema::time)]
    oldest_dead_at: Timestamp,
    #[schema(schema_with = schema::time)]
    newest_dead_at: Timestamp,
}

/// Groups the dead letters that nobody has resolved, of deliveries made in a window.
pub(crate) async fn get(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&["from", "to"])?;
    let whose = lister.whose;
    let db = &state.engine.database.lists;
    let (groups, counted) = dead_letter::groups(db, whose, query.window()?).await?;
    let data = groups.into_iter().map(|group| DeadLetterGroup {
        subscription_id: group.subscription_id,
        tenant_id: (whose == Whose::AcrossTenants).then_some(group.tenant_id),
        failure_reason: group.failure_reason,
        count: group.count,
        oldest_dead_at: group.oldest_dead_at,
        newest_dead_at: group.newest_dead_at,
    });
    let complete = counted < GROUPED_MAX;
    Ok(HttpResponse::Ok().json(DeadLetterGroups { data: data.collect(), complete }))
}
