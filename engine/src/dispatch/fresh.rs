//! Deliveries that were committed a moment ago, for their first attempts: reading back what was just written
//! is spared. They come from this process's writer or from others' ([`news`](super::news)).
//!
//! The database stays the truth: an entry is used once and soon, for a first attempt only (what another
//! worker has attempted comes back as a retry), and every change of a subscription, a tenant or a waiting
//! delivery makes all entries void ([`Fresh::forget`]), so that what is used is what a query would have found.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::event::{BATCH_TYPE, Envelope, NewEvent, batch_body};
use domain::ids::{BatchId, DeliveryId, EventId, TenantId};
use parking_lot::Mutex;

use crate::store::batch::Member;
use crate::store::event::Texts;

/// Entries of a generation at most. Of a backlog the oldest go out next, so when it is full what comes
/// is not kept.
const ENTRIES: usize = 4_096;
/// Bytes of the events of a generation at most, and of one: larger ones are read back.
const GENERATION_BYTES: usize = 4 * 1024 * 1024;
const DATA_BYTES: usize = 8 * 1024;
/// How long a generation takes entries. What has not been used by the end of the next one is forgotten:
/// its lane holds it back.
const GENERATION: Duration = Duration::from_secs(1);

/// A delivery as it was committed, not attempted yet.
#[derive(Debug, Clone)]
pub(crate) struct FreshDelivery {
    pub tenant: TenantId,
    pub event_id: EventId,
    pub content: Content,
    pub traceparent: Option<Arc<str>>,
    pub subscription_revision: i64,
    pub max_attempts: u32,
}

/// What is sent of an event.
#[derive(Debug, Clone)]
pub enum Content {
    /// As it was posted here.
    Posted(Arc<NewEvent>),
    /// As another process has told.
    Heard(Arc<Heard>),
    /// As its row has it.
    Stored(Arc<Texts>),
}

/// A body without its parts: an event's, or a batch's.
#[derive(Debug)]
pub struct Heard {
    pub(super) event_type: String,
    pub(super) body: Bytes,
}

impl Content {
    /// Of a batch.
    pub fn batch(id: BatchId, members: &[Member]) -> Self {
        let envelopes = members.iter().map(|member| member.event.envelope(member.event_id));
        let body = Bytes::from(batch_body(id, envelopes));
        Self::Heard(Arc::new(Heard { event_type: BATCH_TYPE.to_owned(), body }))
    }

    pub(super) fn event_type(&self) -> &str {
        match self {
            Self::Posted(event) => event.event_type.as_str(),
            Self::Heard(heard) => &heard.event_type,
            Self::Stored(texts) => &texts.event_type,
        }
    }

    /// The event in its parts; `None` when they are not at hand.
    pub(super) fn envelope(&self, id: EventId) -> Option<Envelope<'_>> {
        match self {
            Self::Posted(event) => Some(event.envelope(id)),
            Self::Heard(_) => None,
            Self::Stored(texts) => Some(texts.envelope(id)),
        }
    }

    /// The envelope as it is sent.
    pub(super) fn body(&self, id: EventId) -> Bytes {
        match self {
            Self::Posted(event) => Bytes::from(event.envelope(id).to_body()),
            Self::Heard(heard) => heard.body.clone(),
            Self::Stored(texts) => Bytes::from(texts.envelope(id).to_body()),
        }
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Posted(event) => event.data.as_str().len(),
            Self::Heard(heard) => heard.body.len(),
            Self::Stored(texts) => texts.data.len(),
        }
    }
}

/// The state of things that an entry holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

/// What was committed a moment ago.
#[derive(Debug, Default)]
pub struct Fresh {
    changes: AtomicU64,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    young: Generation,
    old: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    since: Option<Instant>,
    bytes: usize,
    entries: HashMap<DeliveryId, (Mark, FreshDelivery)>,
}

impl Fresh {
    /// To be read before the transaction whose deliveries are put.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.changes.load(Ordering::SeqCst))
    }

    /// Makes every entry void.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Keeps what was committed, before it is pushed.
    pub(crate) fn put(
        &self,
        mark: Mark,
        deliveries: impl IntoIterator<Item = (DeliveryId, FreshDelivery)>,
        now: Instant,
    ) {
        let mut entries = self.entries.lock();
        entries.turn_over(now);
        for (id, delivery) in deliveries {
            entries.young.keep(id, mark, delivery);
        }
    }

    /// The delivery, if it is still as it was committed. Never given twice.
    pub(crate) fn take(&self, id: DeliveryId, now: Instant) -> Option<FreshDelivery> {
        let mut entries = self.entries.lock();
        // A process that was stopped for a while must not go by what it knew before.
        entries.turn_over(now);
        let (mark, delivery) = entries.take(id)?;
        (mark == self.mark()).then_some(delivery)
    }
}

impl Entries {
    /// Begins a new generation when the present one has had its time.
    fn turn_over(&mut self, now: Instant) {
        let since = *self.young.since.get_or_insert(now);
        let age = now.duration_since(since);
        if age >= GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.young.since = Some(now);
        }
        if age >= GENERATION * 2 {
            self.old = Generation::default();
        }
    }

    fn take(&mut self, id: DeliveryId) -> Option<(Mark, FreshDelivery)> {
        self.young.take(id).or_else(|| self.old.take(id))
    }
}

impl Generation {
    fn keep(&mut self, id: DeliveryId, mark: Mark, delivery: FreshDelivery) {
        let bytes = delivery.content.bytes();
        if bytes <= DATA_BYTES
            && self.entries.len() < ENTRIES
            && self.bytes + bytes <= GENERATION_BYTES
        {
            self.bytes += bytes;
            self.entries.insert(id, (mark, delivery));
        }
    }

    fn take(&mut self, id: DeliveryId) -> Option<(Mark, FreshDelivery)> {
        let taken = self.entries.remove(&id)?;
        self.bytes -= taken.1.content.bytes();
        Some(taken)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use domain::json::JsonText;
    use domain::time::{EventTime, Timestamp};

    pub(in crate::dispatch) const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);

    /// A delivery of one of several events.
    pub(in crate::dispatch) fn delivery_of(event: u8, data: &str) -> FreshDelivery {
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
            tenant: TenantId::derive(NOW, &[]),
            event_id: EventId::derive(NOW, &[&[event]]),
            content: Content::Posted(Arc::new(posted)),
            traceparent: Some("00-x".into()),
            subscription_revision: 3,
            max_attempts: 6,
        }
    }

    fn delivery(data: &str) -> FreshDelivery {
        delivery_of(0, data)
    }

    fn id(number: usize) -> DeliveryId {
        DeliveryId::derive(NOW, &[&number.to_be_bytes()])
    }

    #[test]
    fn an_entry_is_given_once_and_not_after_a_change() {
        let (fresh, now) = (Fresh::default(), Instant::now());
        fresh.put(fresh.mark(), [(id(1), delivery("1")), (id(2), delivery("2"))], now);
        assert!(fresh.take(id(1), now).is_some());
        assert!(fresh.take(id(1), now).is_none(), "given before");
        fresh.forget();
        assert!(fresh.take(id(2), now).is_none(), "something changed");
    }

    #[test]
    fn what_was_matched_before_a_change_is_not_given() {
        let (fresh, now) = (Fresh::default(), Instant::now());
        let mark = fresh.mark();
        fresh.forget();
        fresh.put(mark, [(id(1), delivery("1"))], now);
        assert!(fresh.take(id(1), now).is_none());
    }

    #[test]
    fn the_oldest_are_kept_until_two_generations_have_passed() {
        let (fresh, now) = (Fresh::default(), Instant::now());
        let put = |numbers: std::ops::RangeInclusive<usize>, at| {
            fresh.put(fresh.mark(), numbers.map(|number| (id(number), delivery("1"))), at);
        };
        put(0..=ENTRIES, now);
        assert!(fresh.take(id(0), now).is_some() && fresh.take(id(ENTRIES), now).is_none(), "full");
        put(ENTRIES..=ENTRIES, now + GENERATION);
        assert!(fresh.take(id(1), now).is_some() && fresh.take(id(ENTRIES), now).is_some());
        put(0..=0, now + GENERATION * 2);
        assert!(
            fresh.take(id(2), now).is_none() && fresh.take(id(0), now).is_some(),
            "held back for long"
        );
    }

    #[test]
    fn a_process_that_was_stopped_goes_by_nothing_that_it_knew_before() {
        let (fresh, now) = (Fresh::default(), Instant::now());
        fresh.put(fresh.mark(), [(id(1), delivery("1"))], now);
        assert!(fresh.take(id(1), now + GENERATION * 2).is_none());
    }

    #[test]
    fn entries_are_bounded_by_their_bytes() {
        let (fresh, now) = (Fresh::default(), Instant::now());
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        fresh.put(fresh.mark(), [(id(0), delivery(&text(DATA_BYTES + 1)))], now);
        assert!(fresh.take(id(0), now).is_none(), "too large by itself");
        let fit = GENERATION_BYTES / DATA_BYTES;
        let large = |number| (id(number), delivery(&text(DATA_BYTES)));
        fresh.put(fresh.mark(), (0..=fit).map(large), now);
        assert!(fresh.take(id(fit), now).is_none() && fresh.take(id(0), now).is_some());
        fresh.put(fresh.mark(), [large(fit)], now);
        assert!(fresh.take(id(fit), now).is_some(), "there is room again");
    }
}
