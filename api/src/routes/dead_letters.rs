//! Dead letters: listed, replayed one by one, discarded.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::ids::{DeliveryId, Of};
use domain::limits;
use domain::replay::DeadLettersInput;
use domain::time::Timestamp;
use engine::audit::Act;
use engine::store::{self, Whose};
use entity::dead_letter::Model;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::deliveries::{Delivery, Nothing};
use super::replays::check_subscription;
use super::{delivery_filter, named};
use crate::State;
use crate::auth::need::{DeliveriesRead, DeliveriesWrite};
use crate::auth::{Caller, Lister};
use crate::change;
use crate::extract::{Body, fields, parse_or_empty, parse_value};
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// A dead letter in answers: the delivery, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    #[serde(flatten)]
    delivery: Delivery,
    #[schema(schema_with = schema::time)]
    dead_at: Timestamp,
    #[schema(schema_with = schema::time_or_null)]
    resolved_at: Option<Timestamp>,
    #[schema(schema_with = schema::resolution_or_null)]
    resolution: Option<&'static str>,
}

impl DeadLetter {
    fn new((letter, delivery): (Model, entity::delivery::Model), whose: Whose) -> Self {
        Self {
            delivery: Delivery::new(delivery, whose),
            dead_at: letter.dead_at,
            resolved_at: letter.resolved_at,
            resolution: letter.resolution.map(entity::dead_letter::Resolution::as_str),
        }
    }
}

/// Lists dead letters, newest first: the unresolved ones, or with `?resolved=true` the others.
pub(crate) async fn list(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[[LIMIT, CURSOR, "resolved"].as_slice(), &delivery_filter::NAMES].concat())?;
    let wanted: Wanted<DeliveryId> = Wanted::of(&query)?;
    let filter = delivery_filter::read(&query)?;
    let is_resolved = query.flag("resolved")?;
    let db = &state.engine.database.lists;
    let found =
        store::dead_letter::page(db, lister.whose, &filter, is_resolved, wanted.page()).await?;
    Ok(HttpResponse::Ok().json(wanted.show_found(
        found,
        |(letter, _)| letter.delivery_id,
        |row| DeadLetter::new(row, lister.whose),
    )))
}

/// Discards an unresolved dead letter.
pub(crate) async fn discard(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let delivery: Of<DeliveryId> = named(caller.tenant, &request, "id", "dead letter")?;
    let now = state.engine.clock.now();
    change::commit(&state, &caller.by(&request), async |db| {
        if !store::dead_letter::discard(db, delivery, now).await? {
            return Err(Problem::not_found("unresolved dead letter"));
        }
        Ok((Act::on(Action::DeadLetterDiscarded, delivery), ()))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How many dead letters were discarded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Discarded {
    discarded: u64,
}

/// Discards all unresolved dead letters of a kind. It is noted before the first of them is.
pub(crate) async fn discard_many(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let (engine, tenant) = (&state.engine, caller.tenant);
    let once = match Once::begin(&state, &request, Some(tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let now = engine.clock.now();
    let fields = Value::Object(fields(&bytes)?);
    let choice = parse_value::<DeadLettersInput>(fields.clone())?.parse(now)?;
    check_subscription(&state, tenant, choice.subscription).await?;
    change::commit(&state, &caller.by(&request), async |_| {
        Ok((Act::new(Action::DeadLettersDiscarded, tenant, tenant).creating(&fields), ()))
    })
    .await?;
    let discarded = engine.discard_dead_letters(tenant, &choice).await?;
    let transaction = engine.database.begin().await?;
    let answer = Discarded { discarded };
    Ok(once.finish(&state, transaction, StatusCode::OK, &answer, ()).await?.response)
}

/// Sends the event of a dead letter again: the same act as a redelivery.
pub(crate) async fn replay(
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
    let delivery: Of<DeliveryId> = named(caller.tenant, &request, "id", "dead letter")?;
    let engine = &state.engine;
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::ACCEPTED, async |db| {
            let letter = store::dead_letter::find(db, delivery).await?;
            letter.ok_or_else(|| Problem::not_found("dead letter"))?;
            let redelivery = engine.redeliver(db, delivery).await?;
            let shown = Delivery::new(redelivery.delivery.clone(), Whose::Tenant(caller.tenant));
            Ok((shown, Act::on(Action::DeadLetterReplayed, delivery), redelivery))
        })
        .await?;
    if let Some(redelivery) = done.effect {
        engine.push_redelivery(&redelivery).await;
    }
    Ok(done.response)
}
