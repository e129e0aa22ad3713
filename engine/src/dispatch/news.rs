//! What was committed a moment ago, told to the processes that deliver.
//!
//! Most first attempts are made milliseconds after their commit, and reading back what was just written
//! costs both sides more than anything else about them. So whoever commits deliveries that are due at once
//! announces them with their bodies, and each worker keeps for a moment what it hears ([`Fresh`](super::Fresh)).
//! Nothing depends on it: what a worker has not heard, it loads.

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

/// Listeners that are told at most. Each hears of everything and uses its share of it, so for more of them
/// loading is cheaper.
const LISTENERS: usize = 4;
/// How long nothing is announced after nobody listened, or too many did.
const SILENCE: Duration = Duration::from_secs(1);
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

/// Until when nothing is announced.
#[derive(Debug, Default)]
pub struct Silence(Mutex<Option<Instant>>);

impl Silence {
    fn is_kept(&self) -> bool {
        self.0.lock().is_some_and(|until| Instant::now() < until)
    }

    fn note(&self, listeners: usize) {
        let is_in_vain = !(1..=LISTENERS).contains(&listeners);
        *self.0.lock() = is_in_vain.then(|| Instant::now() + SILENCE);
    }
}

/// Announces what was committed, or keeps it here where this process alone delivers. To be called before it
/// is pushed.
pub(crate) async fn tell(parts: &Parts, mark: Mark, fresh: Vec<(DeliveryId, FreshDelivery)>) {
    if parts.settings.delivers_alone {
        return parts.fresh.put(mark, fresh, Instant::now());
    }
    if fresh.is_empty() || parts.silence.is_kept() || mark != parts.fresh.mark() {
        return;
    }
    announce(parts, &committed(&fresh)).await;
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
}

async fn announce(parts: &Parts, note: &[u8]) {
    // Without a queue nobody is handed anything either.
    if let Ok(listeners) = parts.lanes.announce(note).await {
        parts.silence.note(listeners);
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
        loop {
            let note = tokio::select! {
                () = stop.cancelled() => return,
                note = self.lanes.queue().announced() => note,
            };
            match note.as_deref().map(decoded) {
                Some(Some(Note::Committed(events))) => {
                    let heard = events.iter().flat_map(heard);
                    self.fresh.put(self.fresh.mark(), heard, Instant::now());
                }
                // It was missed, or is not understood.
                Some(Some(Note::Changed) | None) | None => self.fresh.forget(),
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
    use super::*;
    use domain::event::NewEvent;
    use domain::json::JsonText;
    use domain::time::{EventTime, Timestamp};

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);

    fn delivery(event: u8, data: &str) -> FreshDelivery {
        let posted = NewEvent {
            id: None,
            event_type: "a.b".parse().expect("a type"),
            timestamp: EventTime::from_timestamp(NOW),
            data: JsonText::from_stored(data.to_owned()),
            metadata: JsonText::empty_object(),
            correlation_id: None,
            version: None,
            deliver_at: None,
        };
        FreshDelivery {
            tenant: TenantId::derive(NOW, &[b"t"]),
            event_id: EventId::derive(NOW, &[&[event]]),
            content: Content::Posted(Arc::new(posted)),
            traceparent: Some("00-x".into()),
            subscription_revision: 3,
            max_attempts: 6,
        }
    }

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
    fn nothing_is_told_while_nobody_listens_or_too_many_do() {
        let silence = Silence::default();
        assert!(!silence.is_kept());
        for (listeners, is_kept) in
            [(0, true), (1, false), (LISTENERS + 1, true), (LISTENERS, false)]
        {
            silence.note(listeners);
            assert_eq!(silence.is_kept(), is_kept, "{listeners}");
        }
    }
}
