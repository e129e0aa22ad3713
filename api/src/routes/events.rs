//! Events: the way in, and what has come in.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::{EventRefused, NewEvent, NewEventInput};
use domain::event_type::EventType;
use domain::ids::{EventId, Of, TenantId};
use domain::json::JsonText;
use domain::limits;
use domain::time::Timestamp;
use engine::idempotency::Answer;
use engine::publish::{self, Posted, Posting, Published, Receipt, Refusal};
use engine::store::event::Head;
use engine::store::event::lossy;
use engine::store::{self, Whose};
use entity::event::Model;
use serde::Serialize;
use utoipa::ToSchema;

use super::named;
use crate::State;
use crate::auth::need::{EventsRead, EventsWrite};
use crate::auth::{Caller, Lister};
use crate::extract::{Body, parse_text, text};
use crate::ingest_limit;
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::{Code, Problem};
use crate::query::Query;

/// Bytes of a request around `data` and `metadata`: names, id, type, spaces.
pub(super) const AROUND_BYTES: usize = 16 * 1024;

/// Takes an event: `202` means that it and its deliveries are committed.
pub(crate) async fn post(
    caller: Caller<EventsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let allowance = state.ingest_limits.take(caller.tenant, caller.ingest_rate_limit, 1)?;
    let data_bytes_max = state.settings.data_bytes_max;
    let bytes = body.json(data_bytes_max + limits::METADATA_BYTES + AROUND_BYTES).await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let event = parse_event(text(&bytes)?, state.engine.clock.now(), data_bytes_max)?;
    let claimed = once.claim.map(|claim| publish::Once {
        claim,
        render: Box::new(|results| results.first().and_then(answer_to_keep)),
    });
    let posting = Posting {
        tenant: caller.tenant,
        events: vec![event],
        traceparent: traceparent(&request),
        once: claimed,
    };
    match state.engine.publish(posting).await? {
        Posted::AnsweredBefore => once.answered_meanwhile(&state).await,
        Posted::Done(results) => match results.into_iter().next() {
            Some(result) => Ok(ingest_limit::tell(answer(result)?, allowance)),
            None => Err(Problem::new(Code::Internal, "the event got no result")),
        },
    }
}

fn answer(result: Published) -> Result<HttpResponse, Problem> {
    let (status, body) = match &result {
        Published::New(receipt) => (StatusCode::ACCEPTED, written(receipt, false)),
        Published::Duplicate(receipt) => (StatusCode::OK, written(receipt, true)),
        Published::Refused(refusal) => return Err(refused(refusal.clone())),
    };
    Ok(HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/json")).body(body))
}

/// Only what was taken is kept under an idempotency key.
fn answer_to_keep(result: &Published) -> Option<Answer> {
    match result {
        Published::New(receipt) => Some(Answer { status: 202, body: written(receipt, false) }),
        Published::Duplicate(receipt) => Some(Answer { status: 200, body: written(receipt, true) }),
        Published::Refused(_) => None,
    }
}

/// What a publisher gets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownReceipt<'a> {
    #[schema(schema_with = schema::event_id)]
    id: EventId,
    #[serde(rename = "type")]
    #[schema(schema_with = schema::event_type)]
    event_type: &'a str,
    #[schema(schema_with = schema::time)]
    timestamp: &'a str,
    /// How many subscriptions it goes to.
    deliveries: u32,
    /// Whether the same event was taken before.
    duplicate: bool,
}

fn written(receipt: &Receipt, duplicate: bool) -> Vec<u8> {
    let Receipt { id, event_type, timestamp, deliveries } = receipt;
    let shown = ShownReceipt { id: *id, event_type, timestamp, deliveries: *deliveries, duplicate };
    serde_json::to_vec(&shown).unwrap_or_default()
}

/// Why an event was not taken, as a problem.
pub(super) fn refused(refusal: Refusal) -> Problem {
    let code = match refusal {
        Refusal::OutOfCatalogue(invalid) => return invalid.into(),
        Refusal::OtherContent => Code::Conflict,
        Refusal::TooManyMatches => Code::TooManyMatches,
        Refusal::FiltersTooCostly => Code::FiltersTooCostly,
        Refusal::Unstorable => Code::Internal,
    };
    Problem::new(code, refusal.to_string())
}

/// One event from its JSON.
pub(super) fn parse_event(
    text: &str,
    now: Timestamp,
    data_bytes_max: usize,
) -> Result<NewEvent, Problem> {
    let input: NewEventInput<'_> = parse_text(text)?;
    NewEvent::parse(input, now, data_bytes_max).map_err(|refused| match refused {
        EventRefused::Invalid(invalid) => invalid.into(),
        EventRefused::TooLarge { .. } => Problem::new(Code::TooLarge, refused.to_string()),
    })
}

/// The publisher's trace context, when it is one that may be passed on.
pub(super) fn traceparent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get("traceparent")?.to_str().ok()?;
    engine::dispatch::wire::is_traceparent(text).then(|| text.to_owned())
}

/// An event in lists.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventHead {
    #[schema(schema_with = schema::event_id)]
    id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    #[serde(rename = "type")]
    #[schema(schema_with = schema::event_type)]
    event_type: String,
    #[schema(schema_with = schema::time)]
    timestamp: String,
    #[schema(schema_with = schema::metadata)]
    metadata: JsonText,
    correlation_id: Option<String>,
    version: Option<String>,
    #[schema(schema_with = schema::time_or_null)]
    deliver_at: Option<Timestamp>,
    deliveries: i32,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
}

/// A whole event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    #[serde(flatten)]
    head: EventHead,
    #[schema(schema_with = schema::data)]
    data: JsonText,
}

impl EventHead {
    fn new(head: Head, whose: Whose) -> Self {
        Self {
            id: head.id,
            tenant_id: (whose == Whose::AcrossTenants).then_some(head.tenant_id),
            event_type: head.event_type,
            timestamp: head.timestamp,
            metadata: JsonText::from_stored(lossy(head.metadata)),
            correlation_id: head.correlation_id.map(lossy),
            version: head.version.map(lossy),
            deliver_at: head.deliver_at,
            deliveries: head.delivery_count,
            created_at: head.created_at,
        }
    }
}

impl Event {
    fn new(row: Model) -> Self {
        let head = Head {
            id: row.id,
            tenant_id: row.tenant_id,
            event_type: row.event_type,
            timestamp: row.timestamp,
            metadata: row.metadata,
            correlation_id: row.correlation_id,
            version: row.version,
            deliver_at: row.deliver_at,
            delivery_count: row.delivery_count,
            created_at: row.created_at,
        };
        let data = JsonText::from_stored(lossy(row.data));
        Self { head: EventHead::new(head, Whose::Tenant(row.tenant_id)), data }
    }
}

/// Lists events without their data, newest first.
pub(crate) async fn list(
    lister: Lister<EventsRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR, "type", "correlation_id", "text", "from", "to"])?;
    let wanted = Wanted::of(&query)?;
    let filter = store::event::Filter {
        types: query
            .any("type", |text| text.parse::<EventType>().map(|name| name.as_str().to_owned()))?,
        correlation_ids: query.any("correlation_id", parse_correlation_id)?,
        text: searched_text(&query)?,
        window: query.window()?,
    };
    let found = store::event::page_of_heads(
        &state.engine.database.lists,
        lister.whose,
        &filter,
        wanted.page(),
    )
    .await?;
    Ok(HttpResponse::Ok().json(wanted.show_found(
        found,
        |row| (row.created_at, row.id),
        |row| EventHead::new(row, lister.whose),
    )))
}

fn searched_text(query: &Query) -> Result<Option<String>, Problem> {
    let text = query.one::<String>("text")?;
    match &text {
        Some(text) if !limits::SEARCHED_TEXT_CHARS.contains(&text.chars().count()) => {
            let (low, high) =
                (limits::SEARCHED_TEXT_CHARS.start(), limits::SEARCHED_TEXT_CHARS.end());
            let must = format!("must have {low} to {high} characters");
            Err(Problem::parameter("query parameter text", must))
        }
        _ => Ok(text),
    }
}

fn parse_correlation_id(text: &str) -> Result<String, String> {
    match text.chars().count() <= limits::CORRELATION_ID_CHARS {
        true => Ok(text.to_owned()),
        false => Err(format!("must have at most {} characters", limits::CORRELATION_ID_CHARS)),
    }
}

/// Shows an event, its data byte for byte as it was posted.
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
    Ok(HttpResponse::Ok().json(Event::new(row)))
}
