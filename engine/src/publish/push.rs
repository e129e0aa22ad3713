//! What the queue is told once a group is committed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::Due;

use crate::address_book::{Listed, TenantBook};
use crate::context::Parts;
use crate::dispatch::FreshDelivery;
use crate::publish::FanOut;

/// Deliveries that a commit made, with what the queue has to know of their lanes.
#[derive(Debug, Default)]
pub(crate) struct ToPush {
    pub due: Vec<Due>,
    pub fresh: Vec<(DeliveryId, FreshDelivery)>,
    pub lanes: HashMap<SubscriptionId, Arc<Listed>>,
    /// What follows in chunks.
    pub fan_outs: VecDeque<FanOut>,
    pub books: HashMap<TenantId, Arc<TenantBook>>,
}

/// Hands what was committed to the queue. A failure costs time, not events: the rows are there.
pub(crate) async fn push(parts: &Parts, to_push: ToPush) {
    let now = parts.clock.now();
    let pushed = async {
        for (tenant, book) in &to_push.books {
            parts.lanes.configure_tenant(*tenant, &book.settings).await?;
        }
        for listed in to_push.lanes.values() {
            parts.lanes.configure(listed.id, &listed.lane.at(now)).await?;
        }
        parts.lanes.push(&to_push.due).await
    };
    match pushed.await {
        Ok(taken) => parts.crowding.note(to_push.waits_in_lanes(), taken),
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
            due.delay.is_zero() && self.lanes.get(&due.lane).is_some_and(|listed| !listed.ordered)
        };
        self.due.iter().filter(waits).count()
    }
}

/// How crowded lanes are: in tenths of a commit's time, how long postings rest after it. It rises with each
/// push that found most of its lanes full, since more is posted then than is delivered, and falls half as fast
/// with each that did not.
#[derive(Debug, Default)]
pub struct Crowding(AtomicU32);

impl Crowding {
    const MOST: u32 = 30;

    fn note(&self, pushed: usize, taken: usize) {
        let before = self.0.load(Ordering::Relaxed);
        let after = match taken * 2 < pushed {
            true => (before + 2).min(Self::MOST),
            false => before.saturating_sub(1),
        };
        // Groups are told of one after the other.
        self.0.store(after, Ordering::Relaxed);
    }

    /// How long postings rest after a commit that took so long.
    pub(crate) fn rest_after(&self, commit: Duration) -> Duration {
        commit * self.0.load(Ordering::Relaxed) / 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_posts_into_full_lanes_is_slowed_down_step_by_step_and_within_bounds() {
        let crowding = Crowding::default();
        let commit = Duration::from_millis(10);
        crowding.note(10, 5);
        assert_eq!(crowding.rest_after(commit), Duration::ZERO, "half of it found room");
        crowding.note(0, 0);
        assert_eq!(crowding.rest_after(commit), Duration::ZERO, "nothing was to be taken in");
        for _ in 0..3 {
            crowding.note(10, 4);
        }
        assert_eq!(crowding.rest_after(commit), Duration::from_millis(6));
        crowding.note(10, 10);
        assert_eq!(crowding.rest_after(commit), Duration::from_millis(5));
        for _ in 0..100 {
            crowding.note(10, 0);
        }
        assert_eq!(crowding.rest_after(commit), commit * 3);
    }
}
