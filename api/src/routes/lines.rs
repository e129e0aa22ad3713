//! Events as lines of JSON (NDJSON), any number of them in one request: taken as they come, answered line by line.
//!
//! Only so much is read as is taken: whoever sends faster than events are committed, or than the tenant may, is
//! slowed down by its own connection.

use std::time::Duration;

use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use domain::event::NewEvent;
use engine::publish::{Posted, Posting, Published};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt, stream};

use super::batch::BatchItem;
use super::events::{AROUND_BYTES, parse_event, refused, traceparent};
use super::off_thread;
use crate::State;
use crate::auth::Caller;
use crate::auth::need::EventsWrite;
use crate::extract::{Body, Line, Lines};
use crate::problem::{Code, Problem};

/// Groups of lines that are committed at the same time; their answers keep their order.
const GROUPS_AT_ONCE: usize = 4;
/// Groups whose answers wait for a client that sends all before it reads.
const ANSWERS_KEPT: usize = 256;
/// How long a client may leave an answer unread that there is no room for.
const PATIENCE: Duration = Duration::from_secs(30);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What a group is taken with.
#[derive(Clone)]
struct Taking {
    state: actix_web::web::Data<State>,
    tenant: domain::ids::TenantId,
    limit: Option<domain::tenant::RateLimit>,
    traceparent: Option<String>,
}

/// Lines that are taken together.
struct Group {
    first: usize,
    lines: Vec<Line>,
}

/// Takes events line by line.
pub(super) fn post(
    caller: &Caller<EventsWrite>,
    state: actix_web::web::Data<State>,
    request: &HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        let detail = "goes with a body of application/json; give each event an id of its own";
        return Err(Problem::parameter("header Idempotency-Key", detail));
    }
    let line_bytes = state.settings.data_bytes_max + domain::limits::METADATA_BYTES + AROUND_BYTES;
    let lines = body.lines(line_bytes)?;
    let taking = Taking {
        state,
        tenant: caller.tenant,
        limit: caller.ingest_rate_limit,
        traceparent: traceparent(request),
    };
    let (answers, answered) = mpsc::channel(ANSWERS_KEPT);
    actix_web::rt::spawn(take_all(taking, lines, answers));
    let answered = answered.map(Ok::<Bytes, actix_web::Error>);
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").streaming(answered))
}

/// Takes group after group until the body ends, or the client is gone.
async fn take_all(taking: Taking, lines: Lines, mut answers: mpsc::Sender<Bytes>) {
    let groups = stream::unfold((lines, 0), |(mut lines, first)| async move {
        let group = lines.next_group().await?;
        let next = first + group.len();
        Some((Group { first, lines: group }, (lines, next)))
    });
    let answered = groups.map(|group| take(taking.clone(), group)).buffered(GROUPS_AT_ONCE);
    let mut answered = std::pin::pin!(answered);
    while let Some(answer) = answered.next().await {
        let sent = tokio::time::timeout(PATIENCE, answers.send(answer)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!(tenant.id = %taking.tenant, "lines.unread");
            return;
        }
    }
}

/// Takes a group, and writes what became of each of its lines.
async fn take(taking: Taking, group: Group) -> Bytes {
    let Group { first, lines } = group;
    for _ in &lines {
        taking.state.ingest_limits.wait_for(taking.tenant, taking.limit).await;
    }
    let (now, bytes_max) = (taking.state.engine.clock.now(), taking.state.settings.data_bytes_max);
    let count = lines.len();
    let read = move || lines.into_iter().map(|line| read(line, now, bytes_max)).collect::<Vec<_>>();
    let mut results: Vec<Result<Published, Problem>> = Vec::with_capacity(count);
    match off_thread(read).await {
        Err(problem) => results.push(Err(problem)),
        Ok(read) => {
            let mut events = Vec::with_capacity(count);
            let refusals: Vec<Option<Problem>> =
                read.into_iter().map(|line| line.map(|event| events.push(event)).err()).collect();
            let mut published = publish(&taking, events).await.into_iter();
            results.extend(refusals.into_iter().map(|refusal| match refusal {
                Some(problem) => Err(problem),
                None => published.next().unwrap_or_else(|| Err(no_result())),
            }));
        }
    }
    let mut written = Vec::new();
    for (index, result) in (first..).zip(&results) {
        write(&mut written, index, result, &taking.state.settings.public_url);
    }
    written.into()
}

fn read(line: Line, now: domain::time::Timestamp, bytes_max: usize) -> Result<NewEvent, Problem> {
    match line {
        Line::Whole(bytes) => parse_event(crate::extract::text(&bytes)?, now, bytes_max),
        Line::TooLong(most) => {
            let detail = format!("the line may have at most {most} bytes");
            Err(Problem::new(Code::TooLarge, detail))
        }
        Line::Cut(problem) => Err(problem),
    }
}

async fn publish(taking: &Taking, events: Vec<NewEvent>) -> Vec<Result<Published, Problem>> {
    let count = events.len();
    if count == 0 {
        return Vec::new();
    }
    let posting = Posting {
        tenant: taking.tenant,
        events,
        traceparent: taking.traceparent.clone(),
        once: None,
    };
    match taking.state.engine.publish(posting).await {
        Ok(Posted::Done(results)) => results.into_iter().map(Ok).collect(),
        Ok(Posted::AnsweredBefore) => Vec::new(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "lines.not_taken");
            let detail = "nothing of it is stored; send the line again";
            (0..count).map(|_| Err(Problem::new(Code::Unavailable, detail))).collect()
        }
    }
}

fn no_result() -> Problem {
    Problem::new(Code::Internal, "the event got no result")
}

fn write(
    written: &mut Vec<u8>,
    index: usize,
    result: &Result<Published, Problem>,
    public_url: &str,
) {
    let refusal;
    let item = match result {
        Ok(Published::Refused(refused_for)) => {
            refusal = refused(refused_for.clone());
            BatchItem::refused(index, &refusal, public_url)
        }
        Ok(Published::New(receipt)) => BatchItem::taken(index, receipt, false),
        Ok(Published::Duplicate(receipt)) => BatchItem::taken(index, receipt, true),
        Err(problem) => BatchItem::refused(index, problem, public_url),
    };
    if serde_json::to_writer(&mut *written, &item).is_ok() {
        written.push(b'\n');
    }
}
