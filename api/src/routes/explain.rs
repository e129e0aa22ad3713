//! Why each subscription got an event, or did not.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ids::{DeliveryId, EventId, Of, SubscriptionId};
use domain::subscription::SubscriptionStatus;
use engine::explain::Explained;
use engine::store;
use serde::Serialize;
use utoipa::ToSchema;

use super::named;
use crate::State;
use crate::auth::Caller;
use crate::auth::need::EventsRead;
use crate::openapi::schema;
use crate::problem::Problem;
use crate::query::Query;

/// An event, explained.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    #[schema(schema_with = schema::event_id)]
    event_id: EventId,
    data: Vec<ExplainedSubscription>,
}

/// What the event came to at a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplainedSubscription {
    #[schema(schema_with = schema::subscription_id)]
    subscription_id: SubscriptionId,
    #[schema(schema_with = schema::explained)]
    outcome: &'static str,
    #[schema(schema_with = schema::reason_or_null)]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::delivery_id)]
    delivery_id: Option<DeliveryId>,
    /// What the filter says of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_value: Option<bool>,
    /// Why it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_error: Option<String>,
    /// How the subscription was when the event came.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateThen>,
}

/// What a subscription was chosen by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateThen {
    #[schema(schema_with = schema::subscription_status)]
    status: SubscriptionStatus,
    #[schema(schema_with = schema::event_types)]
    event_types: Vec<String>,
    filter: Option<String>,
}

impl From<Explained> for ExplainedSubscription {
    fn from(explained: Explained) -> Self {
        let (filter_value, filter_error) = match explained.filter {
            None => (None, None),
            Some(Ok(value)) => (Some(value), None),
            Some(Err(error)) => (None, Some(error.detail)),
        };
        Self {
            subscription_id: explained.subscription,
            outcome: explained.outcome.as_str(),
            reason: explained.reason.map(engine::explain::Reason::as_str),
            delivery_id: explained.delivery,
            filter_value,
            filter_error,
            state: explained.state.map(|state| StateThen {
                status: state.status,
                event_types: state.event_types,
                filter: state.filter,
            }),
        }
    }
}

/// Explains an event.
pub(crate) async fn get(
    caller: Caller<EventsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let event: Of<EventId> = named(caller.tenant, &request, "id", "event")?;
    let row = store::event::find(&state.engine.database.read, event).await?;
    let row = row.ok_or_else(|| Problem::not_found("event"))?;
    let explained = state.engine.explain(row).await?;
    let data = explained.into_iter().map(ExplainedSubscription::from).collect();
    Ok(HttpResponse::Ok().json(Explanation { event_id: event.id(), data }))
}
