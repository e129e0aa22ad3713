//! Deliveries as they are made and change, as server-sent events (HTML Living Standard, section 9.2).
//!
//! A stream looks, twice a second, at the newest deliveries that its filter lets pass, and tells of those that are
//! new or stand otherwise than at the look before. So it is the same in every process of a deployment, and costs
//! nothing on the paths of an event and of a delivery. An event's id is the instant of the look: who comes again with
//! `Last-Event-ID` is told what was made or has changed since.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use domain::delivery::DeliveryStatus;
use domain::ids::DeliveryId;
use domain::time::Timestamp;
use engine::store::delivery::Filter;
use engine::store::{self, Page, Whose};
use entity::delivery::Model;
use futures::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::deliveries::{Delivery, due_with_batches};
use super::delivery_filter;
use crate::State;
use crate::auth::Lister;
use crate::auth::need::DeliveriesRead;
use crate::problem::{Code, Problem};
use crate::query::Query;

/// Deliveries that a look takes in: what an older one comes to is told by its own page.
const LOOKED_AT: u64 = 500;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often something is sent in any case, so that nothing between takes the connection for dead.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(15);
/// Rows become visible so long after the instants in them at most: with clocks apart and commits under way. What
/// lies within is told again to who comes back.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);

const LAST_EVENT_ID: &str = "last-event-id";
/// Reverse proxies that gather answers are asked not to.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Tells of deliveries as they are made and change, until the client goes away or its key ends.
pub(crate) async fn get(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&delivery_filter::NAMES)?;
    let filter = delivery_filter::read(&query)?;
    let since = last_event_id(request.headers())?;
    let place = state.streams.clone().try_acquire_owned().map_err(|_| {
        let detail = "as many streams are open as this process serves";
        Problem::new(Code::Unavailable, detail).retry_after(5)
    })?;
    let mut watch = Watch::new(request, state, filter, since, place);
    // What is there already is looked at before the answer begins: from its first byte on, nothing is missed.
    let first = watch.look(lister.whose).await?;
    let begun = Bytes::from(format!("retry: 2000\nid: {}\n: open\n\n{first}", watch.looked_at));
    let opening = stream::iter([Ok::<_, Infallible>(begun)]);
    let rest = stream::unfold(watch, |mut watch| async move {
        watch.next().await.map(|text| (Ok(Bytes::from(text)), watch))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((NO_BUFFERING, "no"))
        .streaming(stream::StreamExt::chain(opening, rest)))
}

/// The instant of the last event that the client has.
fn last_event_id(headers: &HeaderMap) -> Result<Option<Timestamp>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let unix_ms = value.to_str().ok().and_then(|text| text.parse().ok());
    let unix_ms = unix_ms.ok_or_else(|| {
        Problem::parameter("header Last-Event-ID", "must be the id of an event of this stream")
    })?;
    Ok(Some(Timestamp::from_unix_ms(unix_ms)))
}

/// One client's stream.
struct Watch {
    request: HttpRequest,
    state: web::Data<State>,
    filter: Filter,
    /// Since when the client wants to know; after the first look it knows.
    since: Option<Timestamp>,
    seen: Option<Seen>,
    /// Unix milliseconds of the last look.
    looked_at: i64,
    ticks: Interval,
    told_at: Instant,
    _place: OwnedSemaphorePermit,
}

/// How a delivery stood.
type Standing = (DeliveryStatus, i16, Option<Timestamp>);

/// The deliveries of a look.
struct Seen {
    standings: HashMap<DeliveryId, Standing>,
    /// Older ones were not looked at.
    oldest: Option<DeliveryId>,
}

impl Seen {
    fn of(rows: &[Model]) -> Self {
        let is_full = rows.len() as u64 >= LOOKED_AT;
        Self {
            standings: rows.iter().map(|row| (row.id, standing(row))).collect(),
            oldest: rows.last().map(|row| row.id).filter(|_| is_full),
        }
    }

    /// Whether a delivery is new since, or stands otherwise.
    fn lacks(&self, row: &Model) -> bool {
        match self.standings.get(&row.id) {
            Some(before) => *before != standing(row),
            None => self.oldest.is_none_or(|oldest| row.id > oldest),
        }
    }
}

fn standing(row: &Model) -> Standing {
    (row.status, row.attempt_count, row.next_attempt_at)
}

impl Watch {
    fn new(
        request: HttpRequest,
        state: web::Data<State>,
        filter: Filter,
        since: Option<Timestamp>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (seen, looked_at, told_at) = (None, 0, Instant::now());
        Self { request, state, filter, since, seen, looked_at, ticks, told_at, _place: place }
    }

    /// What is to be sent next; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                () = self.state.stop.cancelled() => return None,
                _ = self.ticks.tick() => {}
            }
            // A key that has ended meanwhile ends the stream: whoever comes again is told why.
            let lister =
                Lister::<DeliveriesRead>::from_request(&self.request, &mut Payload::None).await;
            let whose = lister.ok()?.whose;
            // With the database away there is nothing to tell; what was missed is told when it is back.
            let told = self.look(whose).await.unwrap_or_default();
            if !told.is_empty() {
                self.told_at = Instant::now();
                return Some(told);
            }
            if self.told_at.elapsed() >= SIGN_OF_LIFE_EVERY {
                self.told_at = Instant::now();
                return Some(format!("id: {}\n: still here\n\n", self.looked_at));
            }
        }
    }

    /// Looks at the newest deliveries; the events that tell of what is new, oldest first.
    async fn look(&mut self, whose: Whose) -> Result<String, Problem> {
        let now = self.state.engine.clock.now();
        let db = &self.state.engine.database.lists;
        let page = Page { limit: LOOKED_AT, after: None };
        let rows = store::delivery::page(db, whose, &self.filter, page).await?.rows;
        let before = match (self.seen.take(), self.since.take()) {
            (Some(seen), _) => seen,
            // Nobody has asked for what was before.
            (None, None) => Seen::of(&rows),
            (None, Some(since)) => self.unchanged(&rows, since).await?,
        };
        self.seen = Some(Seen::of(&rows));
        self.looked_at = now.unix_ms();
        let mut news: Vec<Model> = rows.into_iter().filter(|row| before.lacks(row)).collect();
        let mut told = String::new();
        if news.len() as u64 >= LOOKED_AT {
            // There may have been more than were looked at.
            told.push_str("event: gap\ndata: {}\n\n");
        }
        due_with_batches(db, &mut news).await?;
        for row in news.into_iter().rev() {
            let shown = serde_json::to_string(&Delivery::new(row, whose));
            let shown = shown.map_err(|error| engine::Error::internal("a delivery", error))?;
            told.push_str(&format!("id: {}\nevent: delivery\ndata: {shown}\n\n", self.looked_at));
        }
        Ok(told)
    }

    /// Those of the deliveries that stand as they did at `since`.
    async fn unchanged(&self, rows: &[Model], since: Timestamp) -> Result<Seen, Problem> {
        let since = Timestamp::from_unix_ms(
            since.unix_ms().saturating_sub(SETTLES_WITHIN.as_millis().try_into().unwrap_or(0)),
        );
        let old = rows.iter().filter(|row| {
            row.id.time() < since
                && row.completed_at.is_none_or(|completed_at| completed_at < since)
        });
        let standings = old.map(|row| (row.id, standing(row))).collect();
        let mut seen = Seen { standings, oldest: None };
        let ids = seen.standings.keys().copied();
        let db = &self.state.engine.database.lists;
        for id in store::attempt::ended_since(db, ids, since).await? {
            seen.standings.remove(&id);
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn an_id_that_is_none_is_refused_and_no_id_is_none() {
        let with = |value| {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static(LAST_EVENT_ID);
            headers.insert(name, HeaderValue::from_static(value));
            last_event_id(&headers)
        };
        assert_eq!(last_event_id(&HeaderMap::new()).ok(), Some(None));
        assert_eq!(with("").ok(), Some(None));
        assert_eq!(
            with("1769000000000").ok().flatten().map(Timestamp::unix_ms),
            Some(1_769_000_000_000)
        );
        assert!(with("abc").is_err());
    }
}
