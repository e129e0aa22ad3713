//! Many events in one request, each for itself.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::NewEvent;
use domain::ids::EventId;
use domain::invalid::Invalid;
use domain::limits;
use domain::time::Timestamp;
use engine::idempotency::Answer;
use engine::publish::{self, Posted, Posting, Published, Receipt};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::events::{parse_event, refused, traceparent};
use super::{lines, off_thread};
use crate::State;
use crate::auth::Caller;
use crate::auth::need::EventsWrite;
use crate::extract::{Body, parse_text, text};
use crate::ingest_limit;
use crate::once::{Begun, Once, respond};
use crate::openapi::schema;
use crate::problem::{Code, Document, Problem};

/// What `POST /events/batch` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchInput<'a> {
    #[serde(borrow)]
    events: Items<'a>,
}

/// The items as they are written. Those beyond the bound are counted, not kept.
#[derive(Debug)]
struct Items<'a> {
    kept: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for ItemsVisitor<'a> {
            type Value = Items<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut kept = Vec::new();
                while kept.len() < *limits::BATCH_EVENTS.end() {
                    match list.next_element()? {
                        Some(item) => kept.push(item),
                        None => break,
                    }
                }
                let mut count = kept.len();
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Items { kept, count })
            }
        }

        deserializer.deserialize_seq(ItemsVisitor(PhantomData))
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchAnswer<'a> {
    data: Vec<BatchItem<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchItem<'a> {
    index: usize,
    /// What a single `POST` would have answered.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::event_id)]
    id: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::problem)]
    problem: Option<Document<'a>>,
}

impl<'a> BatchItem<'a> {
    /// One that was taken, now or before.
    pub(super) fn taken(index: usize, receipt: &Receipt, is_duplicate: bool) -> Self {
        let status = if is_duplicate { StatusCode::OK } else { StatusCode::ACCEPTED };
        Self {
            index,
            status: status.as_u16(),
            id: Some(receipt.id),
            duplicate: Some(is_duplicate),
            problem: None,
        }
    }

    /// One that was refused.
    pub(super) fn refused(index: usize, problem: &'a Problem, public_url: &str) -> Self {
        Self {
            index,
            status: problem.code().status().as_u16(),
            id: None,
            duplicate: None,
            problem: Some(problem.document(public_url, None)),
        }
    }
}

/// Takes up to 1000 events; each is taken or refused by itself.
pub(crate) async fn post(
    caller: Caller<EventsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    if body.is_lines() {
        return lines::post(&caller, state, &request, body);
    }
    let bytes = body.json(limits::BATCH_BYTES).await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let (now, data_bytes_max) = (state.engine.clock.now(), state.settings.data_bytes_max);
    let (events, refusals) = off_thread(move || read(&bytes, now, data_bytes_max)).await??;
    let allowance =
        state.ingest_limits.take(caller.tenant, caller.ingest_rate_limit, refusals.len())?;
    let refusals = Arc::new(refusals);
    let claimed = once.claim.map(|claim| {
        let (refusals, public_url) = (refusals.clone(), state.settings.public_url.clone());
        publish::Once {
            claim,
            render: Box::new(move |results| answer(&refusals, results, &public_url)),
        }
    });
    let posting = Posting {
        tenant: caller.tenant,
        events,
        traceparent: traceparent(&request),
        once: claimed,
    };
    let results = match state.engine.publish(posting).await? {
        Posted::AnsweredBefore => return once.answered_meanwhile(&state).await,
        Posted::Done(results) => results,
    };
    let answered = answer(&refusals, &results, &state.settings.public_url);
    answered
        .map(|answer| ingest_limit::tell(respond(answer), allowance))
        .ok_or_else(|| Problem::new(Code::Internal, "the answer could not be written"))
}

/// What can be published, and for each item why it is refused already, or nothing.
type Read = (Vec<NewEvent>, Vec<Option<Problem>>);

fn read(bytes: &[u8], now: Timestamp, data_bytes_max: usize) -> Result<Read, Problem> {
    let mut events = Vec::new();
    let mut refusals = Vec::new();
    for (index, item) in items(bytes)?.into_iter().enumerate() {
        refusals.push(match parse_event(item.get(), now, data_bytes_max) {
            Ok(event) => {
                events.push(event);
                None
            }
            Err(problem) => Some(problem.under(&format!("/events/{index}"))),
        });
    }
    Ok((events, refusals))
}

fn items(bytes: &[u8]) -> Result<Vec<&RawValue>, Problem> {
    let BatchInput { events } = parse_text(text(bytes)?)?;
    if !limits::BATCH_EVENTS.contains(&events.count) {
        let detail = format!(
            "must have 1 to {} events; there are {}",
            limits::BATCH_EVENTS.end(),
            events.count
        );
        return Err(Invalid::one("/events", detail).into());
    }
    Ok(events.kept)
}

/// The answer, from what was refused at once and what became of the others in their order.
fn answer(refusals: &[Option<Problem>], results: &[Published], public_url: &str) -> Option<Answer> {
    let taken = refusals.iter().enumerate().filter(|(_, refusal)| refusal.is_none());
    let problems: Vec<Option<Problem>> = results
        .iter()
        .zip(taken)
        .map(|(result, (index, _))| match result {
            Published::Refused(refusal) => {
                Some(refused(refusal.clone()).under(&format!("/events/{index}")))
            }
            Published::New(_) | Published::Duplicate(_) => None,
        })
        .collect();
    let mut published = results.iter().zip(&problems);
    let mut data = Vec::with_capacity(refusals.len());
    for (index, refusal) in refusals.iter().enumerate() {
        data.push(match refusal {
            Some(problem) => BatchItem::refused(index, problem, public_url),
            None => match published.next()? {
                (Published::New(receipt), _) => BatchItem::taken(index, receipt, false),
                (Published::Duplicate(receipt), _) => BatchItem::taken(index, receipt, true),
                (Published::Refused(_), problem) => {
                    BatchItem::refused(index, problem.as_ref()?, public_url)
                }
            },
        });
    }
    let body = serde_json::to_vec(&BatchAnswer { data }).ok()?;
    Some(Answer { status: StatusCode::ACCEPTED.as_u16(), body })
}
