//! What the queue is told once a group is committed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Whether most of what is posted finds its lanes full: more is posted than is delivered.
#[derive(Debug, Default)]
pub struct Crowding(AtomicBool);

impl Crowding {
    fn note(&self, pushed: usize, taken: usize) {
        self.0.store(taken * 2 < pushed, Ordering::Relaxed);
    }

    /// As of the last push.
    pub(crate) fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
