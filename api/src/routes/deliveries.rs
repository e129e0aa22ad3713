//! Deliveries: listed, shown, sent again, cancelled.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::delivery::{DeliveryStatus, HELD, Trigger};
use domain::ids::{BatchId, DeliveryId, EventId, Of, ReplayId, SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use domain::time::Timestamp;
use engine::audit::Act;
use engine::database::Sql;
use engine::store::event::lossy;
use engine::store::{self, Whose};
use entity::delivery::Model;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::delivery_filter;
use super::named;
use crate::State;
use crate::auth::need::{DeliveriesRead, DeliveriesWrite};
use crate::auth::{Caller, Lister};
use crate::extract::{Body, parse_or_empty};
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// A delivery in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    #[schema(schema_with = schema::delivery_id)]
    id: DeliveryId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    #[schema(schema_with = schema::event_id)]
    event_id: EventId,
    #[schema(schema_with = schema::event_type)]
    event_type: String,
    #[schema(schema_with = schema::subscription_id)]
    subscription_id: SubscriptionId,
    #[schema(schema_with = schema::delivery_status)]
    status: DeliveryStatus,
    #[schema(schema_with = schema::trigger)]
    trigger: Trigger,
    attempt_count: i16,
    max_attempts: i16,
    #[schema(schema_with = schema::time_or_null)]
    next_attempt_at: Option<Timestamp>,
    last_status_code: Option<i16>,
    #[schema(schema_with = schema::failure_reason_or_null)]
    failure_reason: Option<FailureReason>,
    last_error: Option<String>,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(schema_with = schema::time_or_null)]
    completed_at: Option<Timestamp>,
    #[schema(schema_with = schema::replay_id_or_null)]
    replay_id: Option<ReplayId>,
    #[schema(schema_with = schema::batch_id_or_null)]
    batch_id: Option<BatchId>,
}

impl Delivery {
    pub(super) fn new(row: Model, whose: Whose) -> Self {
        Self {
            id: row.id,
            tenant_id: (whose == Whose::AcrossTenants).then_some(row.tenant_id),
            event_id: row.event_id,
            event_type: row.event_type,
            subscription_id: row.subscription_id,
            status: row.status,
            trigger: row.trigger,
            attempt_count: row.attempt_count,
            max_attempts: row.max_attempts,
            // What is held is due when somebody lets it go.
            next_attempt_at: row.next_attempt_at.filter(|at| *at != HELD),
            last_status_code: row.last_status_code,
            failure_reason: row.failure_reason,
            last_error: row.last_error.map(lossy),
            created_at: row.id.time(),
            completed_at: row.completed_at,
            replay_id: row.replay_id,
            batch_id: row.batch_id,
        }
    }
}

/// Members of a batch are due when it is.
pub(super) async fn due_with_batches(db: &impl Sql, rows: &mut [Model]) -> Result<(), Problem> {
    let held = rows.iter().filter(|row| row.next_attempt_at == Some(HELD));
    let batches: BTreeSet<BatchId> = held.filter_map(|row| row.batch_id).collect();
    let due_times = store::batch::due_times(db, batches).await?;
    for row in rows.iter_mut().filter(|row| row.next_attempt_at == Some(HELD)) {
        let due_at = row.batch_id.and_then(|batch| due_times.get(&batch));
        row.next_attempt_at = due_at.copied().or(row.next_attempt_at);
    }
    Ok(())
}

/// A body without fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Lists deliveries, newest first.
pub(crate) async fn list(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[[LIMIT, CURSOR].as_slice(), &delivery_filter::NAMES].concat())?;
    let wanted = Wanted::of(&query)?;
    let filter = delivery_filter::read(&query)?;
    let db = &state.engine.database.lists;
    let mut found = store::delivery::page(db, lister.whose, &filter, wanted.page()).await?;
    due_with_batches(db, &mut found.rows).await?;
    Ok(HttpResponse::Ok().json(wanted.show_found(
        found,
        |row| row.id,
        |row| Delivery::new(row, lister.whose),
    )))
}

/// Shows a delivery.
pub(crate) async fn get(
    caller: Caller<DeliveriesRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let delivery: Of<DeliveryId> = named(caller.tenant, &request, "id", "delivery")?;
    let db = &state.engine.database.read;
    let row = store::delivery::find(db, delivery).await?;
    let mut row = row.ok_or_else(|| Problem::not_found("delivery"))?;
    due_with_batches(db, std::slice::from_mut(&mut row)).await?;
    Ok(HttpResponse::Ok().json(Delivery::new(row, Whose::Tenant(caller.tenant))))
}

/// Sends the event of a final delivery again.
pub(crate) async fn redeliver(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json_or_nothing().await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    parse_or_empty::<Nothing>(&bytes)?;
    let delivery: Of<DeliveryId> = named(caller.tenant, &request, "id", "delivery")?;
    let engine = &state.engine;
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::ACCEPTED, async |db| {
            let redelivery = engine.redeliver(db, delivery).await?;
            let shown = Delivery::new(redelivery.delivery.clone(), Whose::Tenant(caller.tenant));
            Ok((shown, Act::on(Action::DeliveryRedelivered, delivery), redelivery))
        })
        .await?;
    if let Some(redelivery) = done.effect {
        engine.push_redelivery(&redelivery).await;
    }
    Ok(done.response)
}

/// Cancels a delivery that is not final.
pub(crate) async fn cancel(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json_or_nothing().await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    parse_or_empty::<Nothing>(&bytes)?;
    let delivery: Of<DeliveryId> = named(caller.tenant, &request, "id", "delivery")?;
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::OK, async |db| {
            let row = state.engine.cancel(db, delivery).await?;
            let act = Act::on(Action::DeliveryCancelled, delivery);
            Ok((Delivery::new(row, Whose::Tenant(caller.tenant)), act, ()))
        })
        .await?;
    Ok(done.response)
}
