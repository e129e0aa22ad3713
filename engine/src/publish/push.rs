//! What the queue is told once a group is committed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::Due;

use crate::address_book::{Listed, TenantBook};
use crate::context::Parts;
use crate::dispatch::FreshDelivery;
use crate::error::Error;
use crate::gather;
use crate::publish::FanOut;

/// Deliveries that a commit made, with what the queue has to know of their lanes.
#[derive(Debug, Default)]
pub(crate) struct ToPush {
    pub due: Vec<Due>,
    pub fresh: Vec<(DeliveryId, FreshDelivery)>,
    pub lanes: HashMap<SubscriptionId, Arc<Listed>>,
    /// Bytes of the largest event among them.
    pub largest: usize,
    /// What follows in chunks.
    pub fan_outs: VecDeque<FanOut>,
    pub books: HashMap<TenantId, Arc<TenantBook>>,
}

/// Hands what was committed to the queue. A failure costs time, not events: the rows are there.
pub(crate) async fn push(parts: &Parts, to_push: ToPush) {
    if to_push.due.is_empty() {
        return parts.crowding.note_nothing();
    }
    let now = parts.clock.now();
    let pushed = async {
        for (tenant, book) in &to_push.books {
            parts.lanes.configure_tenant(*tenant, &book.settings).await?;
        }
        for listed in to_push.lanes.values() {
            parts.lanes.configure(listed.id, &listed.lane, now).await?;
        }
        let gathering =
            to_push.lanes.values().filter_map(|listed| Some((listed.id, listed.lane.gathering()?)));
        let crowded = parts.lanes.hand_in(&to_push.due).await?;
        gather::hasten(parts, gathering, to_push.largest, &to_push.due).await?;
        Ok::<_, Error>(crowded)
    };
    match pushed.await {
        Ok(crowded) => parts.crowding.note(to_push.waits_in_lanes(), crowded),
        Err(error) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            deliveries = to_push.due.len(),
            "queue.push_failed"
        ),
    }
}

impl ToPush {
    /// How many the queue takes in while there is room in their lanes.
    fn waits_in_lanes(&self) -> usize {
        let waits = |due: &&Due| {
            due.delay.is_zero() && self.lanes.get(&due.lane).is_some_and(|listed| !listed.numbered)
        };
        self.due.iter().filter(waits).count()
    }
}

/// How crowded lanes are: in tenths of a commit's time, how long postings rest after it. It rises with each
/// push while most of what is pushed meets crowded lanes, since more is posted then than is delivered, and
/// falls half as fast with each otherwise. So posting slows down before lanes are full: what finds no room in them
/// costs more to deliver, and is delivered after what comes later.
#[derive(Debug, Default)]
pub struct Crowding {
    tenths: AtomicU32,
    /// How many had met a crowded lane when that was last known.
    met: AtomicUsize,
}

impl Crowding {
    const MOST: u32 = 30;

    /// Notes that so many were pushed, and how many have met a crowded lane so far, by whomever they were pushed.
    fn note(&self, pushed: usize, met: usize) {
        // Groups are told of one after the other.
        let since = met.saturating_sub(self.met.swap(met, Ordering::Relaxed));
        let before = self.tenths.load(Ordering::Relaxed);
        let after = match since * 2 > pushed {
            true => (before + 2).min(Self::MOST),
            false => before.saturating_sub(1),
        };
        self.tenths.store(after, Ordering::Relaxed);
    }

    /// Notes that nothing was pushed.
    fn note_nothing(&self) {
        self.note(0, self.met.load(Ordering::Relaxed));
    }

    /// How long postings rest after a commit that took so long.
    pub(crate) fn rest_after(&self, commit: Duration) -> Duration {
        commit * self.tenths.load(Ordering::Relaxed) / 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_posts_into_crowded_lanes_is_slowed_down_step_by_step_and_within_bounds() {
        let crowding = Crowding::default();
        let commit = Duration::from_millis(10);
        crowding.note(10, 5);
        assert_eq!(crowding.rest_after(commit), Duration::ZERO, "only half of it has met one");
        crowding.note_nothing();
        assert_eq!(crowding.rest_after(commit), Duration::ZERO, "nothing has met one since");
        for met in [11, 17, 23] {
            crowding.note(10, met);
        }
        assert_eq!(crowding.rest_after(commit), Duration::from_millis(6));
        crowding.note(10, 23);
        assert_eq!(crowding.rest_after(commit), Duration::from_millis(5));
        crowding.note(10, 0);
        assert_eq!(crowding.rest_after(commit), Duration::from_millis(4), "the queue is a new one");
        for times in 1..100 {
            crowding.note(10, times * 10);
        }
        assert_eq!(crowding.rest_after(commit), commit * 3);
    }
}
