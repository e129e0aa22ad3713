//! Deliveries that this process committed a moment ago, handed from the writer to the worker.
//!
//! Most first attempts are made milliseconds after their commit, and reading back what was just
//! written costs more than anything else about them. The database stays the truth: an entry is used
//! once, and every change of a subscription, a tenant or a waiting delivery makes all entries void
//! ([`Fresh::forget`]), so that what is used is what a query would have found. Only where no other
//! process delivers: another worker's attempts would not be seen here.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::event::NewEvent;
use domain::ids::{DeliveryId, EventId, TenantId};
use parking_lot::Mutex;

/// Entries kept at most; when there are more, all are forgotten: their lanes have a backlog.
const ENTRIES: usize = 2_048;
/// Events with more bytes than this are read back: bounds what the entries hold together.
const DATA_BYTES: usize = 8 * 1024;

/// A delivery as it was committed, not attempted yet.
#[derive(Debug, Clone)]
pub(crate) struct FreshDelivery {
    pub tenant: TenantId,
    pub event_id: EventId,
    pub event: Arc<NewEvent>,
    pub traceparent: Option<Arc<str>>,
    pub subscription_revision: i64,
    pub max_attempts: u32,
}

/// The state of things that an entry holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

/// What was committed a moment ago.
#[derive(Debug)]
pub struct Fresh {
    is_used: bool,
    changes: AtomicU64,
    entries: Mutex<HashMap<DeliveryId, (Mark, FreshDelivery)>>,
}

impl Fresh {
    /// `is_used`: whether this process alone delivers.
    pub(crate) fn new(is_used: bool) -> Self {
        Self { is_used, changes: AtomicU64::new(0), entries: Mutex::default() }
    }

    /// To be read before the transaction whose deliveries are put.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.changes.load(Ordering::SeqCst))
    }

    /// Makes every entry void. To be called once a change is committed, before it is answered.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Keeps what was committed, before it is pushed.
    pub(crate) fn put(
        &self,
        mark: Mark,
        deliveries: impl IntoIterator<Item = (DeliveryId, FreshDelivery)>,
    ) {
        if !self.is_used {
            return;
        }
        let mut entries = self.entries.lock();
        for (id, delivery) in deliveries {
            if delivery.event.data.as_str().len() > DATA_BYTES {
                continue;
            }
            if entries.len() >= ENTRIES {
                entries.clear();
            }
            entries.insert(id, (mark, delivery));
        }
    }

    /// The delivery, if it is still as it was committed. Never given twice.
    pub(crate) fn take(&self, id: DeliveryId) -> Option<FreshDelivery> {
        let (mark, delivery) = self.entries.lock().remove(&id)?;
        (mark == self.mark()).then_some(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::json::JsonText;
    use domain::time::{EventTime, Timestamp};

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);

    fn delivery(data: &str) -> FreshDelivery {
        let event = NewEvent {
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
            event_id: EventId::derive(NOW, &[]),
            event: Arc::new(event),
            traceparent: None,
            subscription_revision: 1,
            max_attempts: 6,
        }
    }

    fn id(number: usize) -> DeliveryId {
        DeliveryId::derive(NOW, &[&number.to_be_bytes()])
    }

    #[test]
    fn an_entry_is_given_once_and_not_after_a_change() {
        let fresh = Fresh::new(true);
        fresh.put(fresh.mark(), [(id(1), delivery("1")), (id(2), delivery("2"))]);
        assert!(fresh.take(id(1)).is_some());
        assert!(fresh.take(id(1)).is_none(), "given before");
        fresh.forget();
        assert!(fresh.take(id(2)).is_none(), "something changed");
    }

    #[test]
    fn what_was_matched_before_a_change_is_not_given() {
        let fresh = Fresh::new(true);
        let mark = fresh.mark();
        fresh.forget();
        fresh.put(mark, [(id(1), delivery("1"))]);
        assert!(fresh.take(id(1)).is_none());
    }

    #[test]
    fn entries_are_bounded_in_number_and_size() {
        let fresh = Fresh::new(true);
        fresh.put(fresh.mark(), (0..=ENTRIES).map(|number| (id(number), delivery("1"))));
        assert!(fresh.take(id(0)).is_none() && fresh.take(id(ENTRIES)).is_some());
        let large = format!("\"{}\"", "x".repeat(DATA_BYTES));
        fresh.put(fresh.mark(), [(id(1), delivery(&large))]);
        assert!(fresh.take(id(1)).is_none());
    }

    #[test]
    fn nothing_is_kept_where_others_deliver_too() {
        let fresh = Fresh::new(false);
        fresh.put(fresh.mark(), [(id(1), delivery("1"))]);
        assert!(fresh.take(id(1)).is_none());
    }
}
