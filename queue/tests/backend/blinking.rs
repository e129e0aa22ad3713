//! A queue with an unsteady connection.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::memory::MemoryQueue;
use queue::{
    Completion, Due, LaneSettings, Queue, QueueError, Refill, RefillRequest, Stats, TenantSettings,
    Ticket, WorkerSlots,
};

/// Answers every other fetch with an error.
#[derive(Default)]
pub(crate) struct Blinking {
    queue: MemoryQueue,
    away: AtomicBool,
}

impl Blinking {
    fn blink(&self) -> Result<(), QueueError> {
        let away = !self.away.fetch_xor(true, Ordering::SeqCst);
        if away { Err(QueueError("connection reset".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Queue for Blinking {
    async fn push(&self, due: &[Due]) -> Result<usize, QueueError> {
        self.queue.push(due).await
    }

    async fn hand_in(&self, due: &[Due]) -> Result<usize, QueueError> {
        self.queue.hand_in(due).await
    }

    async fn fetch(&self, worker: WorkerSlots, max: usize) -> Result<Vec<Ticket>, QueueError> {
        self.blink()?;
        self.queue.fetch(worker, max.min(3)).await
    }

    async fn complete(&self, completions: &[Completion]) -> Result<(), QueueError> {
        self.queue.complete(completions).await
    }

    async fn extend_lease(&self, tickets: &[Ticket]) -> Result<Vec<Ticket>, QueueError> {
        self.queue.extend_lease(tickets).await
    }

    async fn configure_lane(
        &self,
        lane: SubscriptionId,
        settings: LaneSettings,
    ) -> Result<(), QueueError> {
        self.queue.configure_lane(lane, settings).await
    }

    async fn configure_tenant(
        &self,
        tenant: TenantId,
        settings: TenantSettings,
    ) -> Result<(), QueueError> {
        self.queue.configure_tenant(tenant, settings).await
    }

    async fn drop_lane(&self, lane: SubscriptionId) -> Result<(), QueueError> {
        self.queue.drop_lane(lane).await
    }

    async fn in_flight(&self, lane: SubscriptionId) -> Result<Vec<Option<DeliveryId>>, QueueError> {
        self.queue.in_flight(lane).await
    }

    async fn wants_refill(&self) -> Result<Vec<RefillRequest>, QueueError> {
        self.queue.wants_refill().await
    }

    async fn refill(&self, refill: Refill) -> Result<(), QueueError> {
        self.queue.refill(refill).await
    }

    async fn stats(&self) -> Result<Stats, QueueError> {
        self.queue.stats().await
    }
}
