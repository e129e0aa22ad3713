//! Tries a receiver: one example, sent now by this process.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::event_type::EventType;
use domain::ids::Of;
use domain::invalid::Invalid;
use engine::audit::Act;
use engine::store;
use engine::test_event::TEST_EVENT_TYPE;
use serde::Deserialize;

use super::attempts::Derivation;
use super::subscriptions::find;
use crate::State;
use crate::auth::Caller;
use crate::auth::need::SubscriptionsWrite;
use crate::extract::{Body, parse_or_empty};
use crate::once::{Begun, Once};
use crate::problem::Problem;

/// What `POST …/test` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestInput {
    #[serde(rename = "type")]
    event_type: Option<String>,
}

/// Sends an example past lane, pause and breaker, and answers with the attempt.
pub(crate) async fn post(
    caller: Caller<SubscriptionsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json_or_nothing().await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let input: TestInput = parse_or_empty(&bytes)?;
    let name = input.event_type.as_deref().unwrap_or(TEST_EVENT_TYPE);
    let event_type: EventType = name.parse().map_err(|invalid: Invalid| invalid.under("/type"))?;
    let engine = &state.engine;
    let subscription = find(&engine.database.read, caller.tenant, &request).await?;
    let (transaction, id) = engine.send_test(&subscription, event_type).await?;
    let delivery = store::delivery::find(&transaction, Of::new(caller.tenant, id))
        .await?
        .ok_or_else(|| Problem::not_found("delivery"))?;
    let rows = store::attempt::page(&transaction, &delivery, store::Page { limit: 1, after: None })
        .await?;
    let mut derivation = Derivation::read(engine, &transaction, &delivery).await?;
    let row = rows.into_iter().next().ok_or_else(|| Problem::not_found("attempt"))?;
    let attempt = derivation.show(engine, &transaction, row).await?;
    let act = Act::new(Action::SubscriptionTested, caller.tenant, subscription.id);
    engine.note(&transaction, &caller.by(&request), act).await?;
    Ok(once.finish(&state, transaction, StatusCode::OK, &attempt, ()).await?.response)
}
