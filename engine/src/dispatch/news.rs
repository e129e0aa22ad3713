//! What was committed a moment ago, told to the processes that deliver.
//!
//! Most first attempts are made milliseconds after their commit, and reading back what was just written
//! costs both sides more than anything else about them. So whoever commits deliveries that are due at once
//! announces them with their bodies, and each worker keeps for a moment what it hears ([`Fresh`](super::Fresh)).
//! Nothing depends on it: what a worker has not heard, it loads.
//!
//! Only while one process delivers. What it takes from what it heard is gone then, so that a delivery which comes
//! to it once more (the reconciler or a refill read its row just before its outcome was committed) is loaded,
//! and found done; with two of them, the other would still have it. Who starts to listen says so, and everybody
//! hears of no deliveries for longer than it takes whoever announces to count the listeners again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::ids::{DeliveryId, EventId, TenantId};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fresh::{Content, FreshDelivery, Heard, Mark};
use crate::context::{Engine, Parts};

/// How long it counts how many listened.
const COUNTED_FOR: Duration = Duration::from_secs(1);
/// For how long nothing is heard of deliveries after somebody has begun to listen.
const DEAF_FOR: Duration = Duration::from_secs(2);
/// Bytes of the bodies of one note at most; what goes beyond is loaded.
const NOTE_BYTES: usize = 256 * 1024;

/// What is announced. Processes of other versions hear it too: the first byte is the format's number.
#[derive(Debug, Serialize, Deserialize)]
enum Note<'a> {
    /// Deliveries were committed that are due at once.
    #[serde(borrow)]
    Committed(Vec<Event<'a>>),
    /// Something changed, so that what was told before counts no more.
    Changed,
    /// Somebody begins to listen.
    Joined,
    /// A tenant changed, and with it where its deliveries may go.
    TenantChanged,
}

const FORMAT: u8 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Event<'a> {
    id: [u8; 16],
    tenant: [u8; 16],
    event_type: &'a str,
    traceparent: Option<&'a str>,
    body: &'a [u8],
    deliveries: Vec<Delivery>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Delivery {
    id: [u8; 16],
    subscription_revision: i64,
    max_attempts: u32,
}

/// How many listened to the last note, and when.
#[derive(Debug, Default)]
pub struct Audience(Mutex<Option<(Instant, usize)>>);

impl Audience {
    /// `None` when it is too long ago.
    fn listeners(&self, now: Instant) -> Option<usize> {
        let counted = self.0.lock().filter(|(at, _)| now.duration_since(*at) < COUNTED_FOR);
        counted.map(|(_, listeners)| listeners)
    }

    fn note(&self, listeners: usize, now: Instant) {
        *self.0.lock() = Some((now, listeners));
    }
}

/// Announces what was committed, or keeps it here where this process alone delivers. To be called before it
/// is pushed.
pub(crate) async fn tell(parts: &Parts, mark: Mark, fresh: Vec<(DeliveryId, FreshDelivery)>) {
    if parts.settings.delivers_alone {
        return parts.fresh.put(mark, fresh, Instant::now());
    }
    if fresh.is_empty() || mark != parts.fresh.mark() {
        return;
    }
    match parts.audience.listeners(Instant::now()) {
        Some(1) => announce(parts, &committed(&fresh)).await,
        Some(_) => {}
        // Only to count them.
        None => announce(parts, &committed(&[])).await,
    }
}

impl Parts {
    /// Makes void here and elsewhere what was committed a moment ago: it may be something else by now. To be
    /// called once a change is committed, before it is answered.
    pub(crate) async fn forget_fresh(&self) {
        self.fresh.forget();
        if !self.settings.delivers_alone {
            announce(self, &encoded(&Note::Changed)).await;
        }
    }

    /// Makes void here and elsewhere, beside that, what is known of all subscriptions: a tenant has changed, and with
    /// it where its deliveries may go.
    pub(crate) async fn forget_targets(&self) {
        self.forget_all();
        if !self.settings.delivers_alone {
            announce(self, &encoded(&Note::TenantChanged)).await;
        }
    }

    fn forget_all(&self) {
        self.fresh.forget();
        self.targets.forget_all();
    }
}

async fn announce(parts: &Parts, note: &[u8]) {
    // As of before it is sent: whoever has begun to listen since is deaf for longer than this counts.
    let now = Instant::now();
    // Without a queue nobody is handed anything either.
    if let Ok(listeners) = parts.lanes.announce(note).await {
        parts.audience.note(listeners, now);
    }
}

fn committed(fresh: &[(DeliveryId, FreshDelivery)]) -> Vec<u8> {
    let mut room = NOTE_BYTES;
    let bodies: Vec<(&[(DeliveryId, FreshDelivery)], Bytes)> = fresh
        .chunk_by(|(_, one), (_, next)| one.event_id == next.event_id)
        .filter_map(|of_event| {
            let (_, first) = of_event.first()?;
            room = room.checked_sub(first.content.bytes())?;
            Some((of_event, first.content.body(first.event_id)))
        })
        .collect();
    let events = bodies.iter().filter_map(|(of_event, body)| {
        let (_, first) = of_event.first()?;
        let deliveries = of_event.iter().map(|(id, delivery)| Delivery {
            id: *id.as_bytes(),
            subscription_revision: delivery.subscription_revision,
            max_attempts: delivery.max_attempts,
        });
        Some(Event {
            id: *first.event_id.as_bytes(),
            tenant: *first.tenant.as_bytes(),
            event_type: first.content.event_type(),
            traceparent: first.traceparent.as_deref(),
            body,
            deliveries: deliveries.collect(),
        })
    });
    encoded(&Note::Committed(events.collect()))
}

fn encoded(note: &Note) -> Vec<u8> {
    let bytes = postcard::to_extend(note, vec![FORMAT]);
    bytes.expect("writing to memory fails for nothing that has a length")
}

impl Engine {
    /// Listens to what others commit, until told to stop: for a process that delivers.
    pub async fn hear_news(&self, stop: CancellationToken) {
        let mut deaf_until = Instant::now();
        loop {
            let note = tokio::select! {
                () = stop.cancelled() => return,
                note = self.lanes.queue().announced() => note,
            };
            match note.as_deref().map(decoded) {
                Some(Some(Note::Committed(events))) => {
                    let now = Instant::now();
                    if now >= deaf_until {
                        self.fresh.put(self.fresh.mark(), events.iter().flat_map(heard), now);
                    }
                }
                Some(Some(Note::Joined)) => {
                    deaf_until = Instant::now() + DEAF_FOR;
                    self.fresh.forget();
                }
                Some(Some(Note::Changed)) => self.fresh.forget(),
                Some(Some(Note::TenantChanged)) => self.forget_all(),
                // What it says is not understood.
                Some(None) => self.forget_all(),
                // Something may have been missed: this process has begun to listen, or is about to.
                None => {
                    deaf_until = Instant::now() + DEAF_FOR;
                    self.forget_all();
                    announce(self, &encoded(&Note::Joined)).await;
                }
            }
        }
    }
}

fn decoded(note: &[u8]) -> Option<Note<'_>> {
    let (format, note) = note.split_first()?;
    if *format != FORMAT {
        return None;
    }
    postcard::from_bytes(note).ok()
}

fn heard<'a>(event: &'a Event) -> impl Iterator<Item = (DeliveryId, FreshDelivery)> + 'a {
    let content: Arc<Heard> = Arc::new(Heard {
        event_type: event.event_type.to_owned(),
        body: Bytes::copy_from_slice(event.body),
    });
    let traceparent: Option<Arc<str>> = event.traceparent.map(Into::into);
    event.deliveries.iter().map(move |delivery| {
        let fresh = FreshDelivery {
            tenant: TenantId(Uuid::from_bytes(event.tenant)),
            event_id: EventId(Uuid::from_bytes(event.id)),
            content: Content::Heard(content.clone()),
            traceparent: traceparent.clone(),
            subscription_revision: delivery.subscription_revision,
            max_attempts: delivery.max_attempts,
        };
        (DeliveryId(Uuid::from_bytes(delivery.id)), fresh)
    })
}

#[cfg(test)]
mod tests {
    use super::super::fresh::tests::{NOW, delivery_of as delivery};
    use super::*;

    fn id(number: u8) -> DeliveryId {
        DeliveryId::derive(NOW, &[&[number]])
    }

    fn heard_of(note: &[u8]) -> Vec<(DeliveryId, FreshDelivery)> {
        let Some(Note::Committed(events)) = decoded(note) else { panic!("not understood") };
        events.iter().flat_map(heard).collect()
    }

    #[test]
    fn what_is_heard_is_what_was_committed() {
        let told =
            [(id(1), delivery(1, "1")), (id(2), delivery(1, "1")), (id(3), delivery(2, "2"))];
        let heard = heard_of(&committed(&told));
        assert_eq!(heard.len(), told.len());
        for ((id, told), (heard_id, heard)) in told.iter().zip(&heard) {
            assert_eq!(id, heard_id);
            assert_eq!((told.tenant, told.event_id), (heard.tenant, heard.event_id));
            assert_eq!(told.content.body(told.event_id), heard.content.body(heard.event_id));
            assert_eq!(told.content.event_type(), heard.content.event_type());
            assert_eq!(told.traceparent, heard.traceparent);
            assert_eq!((heard.subscription_revision, heard.max_attempts), (3, 6));
        }
    }

    #[test]
    fn a_note_is_bounded_and_one_of_another_format_is_not_read() {
        let long = format!("\"{}\"", "x".repeat(NOTE_BYTES - 10));
        let told = [(id(1), delivery(1, &long)), (id(2), delivery(2, "\"more than 8\""))];
        let mut note = committed(&told);
        assert_eq!(heard_of(&note).len(), 1);
        note[0] = FORMAT + 1;
        assert!(decoded(&note).is_none());
        assert!(decoded(&[]).is_none() && decoded(&[FORMAT, 77]).is_none());
    }

    #[test]
    fn who_listened_counts_for_a_moment() {
        let (audience, now) = (Audience::default(), Instant::now());
        assert_eq!(audience.listeners(now), None);
        audience.note(1, now);
        assert_eq!(audience.listeners(now), Some(1));
        assert_eq!(audience.listeners(now + COUNTED_FOR), None);
        assert!(DEAF_FOR > COUNTED_FOR, "who is heard by a second one is heard by nobody");
    }
}
