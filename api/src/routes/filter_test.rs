//! Tries a filter before it is given to a subscription.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::NewEvent;
use domain::event_type::{EventType, EventTypePatterns};
use domain::filter::{EventView, Filter};
use domain::ids::EventId;
use domain::invalid::Checker;
use domain::limits;
use engine::address_book::{StoredView, view};
use engine::store;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::events::parse_event;
use crate::State;
use crate::auth::Caller;
use crate::auth::need::SubscriptionsRead;
use crate::extract::{Body, parse_text, text};
use crate::once::{Begun, Once};
use crate::problem::Problem;

/// What `POST /subscriptions/filter-test` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterTestInput<'a> {
    filter: Option<String>,
    event_types: Option<Vec<String>>,
    /// As it would be posted.
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

/// What came of one event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tried {
    matches: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What came of the last events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TriedAll {
    tested: usize,
    matched: usize,
}

/// The answer: of the event given, or of the last ones.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FilterTestAnswer {
    One(Tried),
    Last(TriedAll),
}

/// Events that are tried when the caller gives none.
const LAST_EVENTS: u64 = 100;

/// What a subscription would be chosen by.
#[derive(Debug, Clone)]
struct Choice {
    event_types: EventTypePatterns,
    filter: Option<Filter>,
}

impl Choice {
    fn tries(
        &self,
        event_type: &EventType,
        event: &EventView<'_>,
        steps_left: &mut usize,
    ) -> Tried {
        if !self.event_types.matches(event_type) {
            return Tried { matches: false, error: None };
        }
        let matches = self
            .filter
            .as_ref()
            .map_or(Ok(true), |filter| filter.matches_within(event, steps_left));
        match matches {
            Ok(matches) => Tried { matches, error: None },
            Err(error) => Tried { matches: false, error: Some(error.detail) },
        }
    }
}

/// Says whether an event would match, or how many of the last ones.
pub(crate) async fn post(
    caller: Caller<SubscriptionsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let data_bytes_max = state.settings.data_bytes_max;
    let bytes = body.json(data_bytes_max + limits::REQUEST_BYTES).await?;
    // Nothing is changed, so nothing has to be kept: only the header itself is held to its rules.
    if let Begun::Answered(response) =
        Once::begin(&state, &request, Some(caller.tenant), &bytes).await?
    {
        return Ok(response);
    }
    let input: FilterTestInput<'_> = parse_text(text(&bytes)?)?;
    let mut check = Checker::default();
    let event_types = check
        .take("/event_types", EventTypePatterns::try_from(input.event_types.unwrap_or_default()));
    let filter = check.take("/filter", input.filter.as_deref().map(Filter::parse).transpose());
    let choice =
        check.finish_with(|| Some(Choice { event_types: event_types?, filter: filter? }))?;
    match input.event.filter(|event| event.get() != "null") {
        Some(event) => {
            let event = parse_event(event.get(), state.engine.clock.now(), data_bytes_max)
                .map_err(|problem| problem.under("/event"))?;
            let id = event.id.unwrap_or_else(|| {
                EventId::generate(state.engine.clock.now(), &mut state.engine.rng())
            });
            let tried = state.engine.matching.run(move || try_one(&choice, id, &event)).await?;
            Ok(HttpResponse::Ok().json(FilterTestAnswer::One(tried)))
        }
        None => {
            let db = &state.engine.database.lists;
            let rows = store::event::last(db, caller.tenant, LAST_EVENTS).await?;
            let tried = state.engine.matching.run(move || try_all(&choice, rows)).await?;
            Ok(HttpResponse::Ok().json(FilterTestAnswer::Last(tried)))
        }
    }
}

fn try_one(choice: &Choice, id: EventId, event: &NewEvent) -> Tried {
    let (id, mut steps) = (id.to_string(), limits::FILTER_STEPS);
    choice.tries(&event.event_type, &view(&id, event), &mut steps)
}

/// Tries events until the steps of one event's matching are used up: a costly filter is tried with
/// fewer of them.
fn try_all(choice: &Choice, rows: Vec<entity::event::Model>) -> TriedAll {
    let mut steps_left = limits::EVENT_FILTER_STEPS;
    let mut tried = TriedAll { tested: 0, matched: 0 };
    for row in rows {
        let matches = try_stored(choice, row, &mut steps_left).matches;
        if steps_left == 0 {
            break;
        }
        tried.tested += 1;
        tried.matched += usize::from(matches);
    }
    tried
}

fn try_stored(choice: &Choice, row: entity::event::Model, steps_left: &mut usize) -> Tried {
    let event_type = EventType::from_stored(row.event_type.clone());
    choice.tries(&event_type, &StoredView::new(row).view(), steps_left)
}
