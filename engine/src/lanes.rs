//! Keeps the queue's lanes configured as the database says, and pushes to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ids::{SubscriptionId, TenantId};
use domain::time::Timestamp;
use parking_lot::Mutex;
use queue::{Completion, Due, LaneSettings, Queue, QueueError, TenantSettings};
use tokio::time::timeout;

use crate::address_book::Lane;
use crate::error::Error;
use crate::gather;

/// How long somebody waits for the queue who has committed something: the reconciler brings what it
/// was not told.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it is left alone after that: an answer to a publisher must not wait for a queue that is away.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// The queue, with what it has been told about each lane.
#[derive(Clone)]
pub struct Lanes {
    queue: Arc<dyn Queue>,
    told: Arc<Mutex<Told>>,
    away_since: Arc<Mutex<Option<Instant>>>,
}

#[derive(Default)]
struct Told {
    lanes: HashMap<SubscriptionId, u64>,
    tenants: HashMap<TenantId, TenantSettings>,
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanes").finish_non_exhaustive()
    }
}

impl Lanes {
    /// Lanes of `queue`, none of them configured yet.
    pub fn new(queue: Arc<dyn Queue>) -> Self {
        Self { queue, told: Arc::default(), away_since: Arc::default() }
    }

    /// The queue itself.
    pub fn queue(&self) -> &Arc<dyn Queue> {
        &self.queue
    }

    /// Makes sure that a subscription's lane, and the one in which its batches are gathered, are served as `lane`
    /// says at `now`, or as something newer.
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn configure(
        &self,
        subscription: SubscriptionId,
        lane: &Lane,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.configure_one(subscription, &lane.at(now)).await?;
        match lane.gathering_settings() {
            None => Ok(()),
            Some(settings) => {
                self.configure_tenant(settings.tenant, &TenantSettings::default()).await?;
                self.configure_one(gather::lane_of(subscription), &settings).await
            }
        }
    }

    /// Makes sure that the lane is served as `settings` say, or newer ones.
    ///
    /// # Errors
    /// When the queue is away.
    async fn configure_one(
        &self,
        lane: SubscriptionId,
        settings: &LaneSettings,
    ) -> Result<(), Error> {
        if self.told.lock().lanes.get(&lane).is_some_and(|revision| *revision >= settings.revision)
        {
            return Ok(());
        }
        self.promptly(self.queue.configure_lane(lane, settings.clone())).await?;
        // Remembered only once the queue has it: a failed call is made again.
        let mut told = self.told.lock();
        let known = told.lanes.entry(lane).or_default();
        *known = (*known).max(settings.revision);
        Ok(())
    }

    /// Makes sure that the tenant's lanes are held to `settings`.
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn configure_tenant(
        &self,
        tenant: TenantId,
        settings: &TenantSettings,
    ) -> Result<(), Error> {
        if self.told.lock().tenants.get(&tenant) == Some(settings) {
            return Ok(());
        }
        self.promptly(self.queue.configure_tenant(tenant, settings.clone())).await?;
        self.told.lock().tenants.insert(tenant, settings.clone());
        Ok(())
    }

    /// Forgets what the queue was told: it has lost it.
    pub fn forget_told(&self) {
        *self.told.lock() = Told::default();
    }

    /// Forgets what the queue was told of a tenant that is gone.
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.told.lock().tenants.remove(&tenant);
    }

    /// Adds what is due to its lanes; how many of them they did not have ([`Queue::push`]).
    ///
    /// # Errors
    /// When the queue is away: the rows are committed, and the reconciler finds them.
    pub async fn push(&self, due: &[Due]) -> Result<usize, Error> {
        self.promptly(self.queue.push(due)).await
    }

    /// Adds what has just been committed to its lanes; how many have found no room in them so far
    /// ([`Queue::hand_in`]).
    ///
    /// # Errors
    /// When the queue is away: the rows are committed, and the reconciler finds them.
    pub async fn hand_in(&self, due: &[Due]) -> Result<usize, Error> {
        self.promptly(self.queue.hand_in(due)).await
    }

    /// Ends tickets.
    ///
    /// # Errors
    /// When the queue is away: the rows are right, and the leases run out.
    pub async fn complete(&self, completions: &[Completion]) -> Result<(), Error> {
        self.promptly(self.queue.complete(completions)).await
    }

    /// Tells all processes of the queue ([`Queue::announce`]).
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn announce(&self, note: &[u8]) -> Result<usize, Error> {
        self.promptly(self.queue.announce(note)).await
    }

    /// Makes a call that nobody is to wait for long.
    async fn promptly<T>(
        &self,
        call: impl Future<Output = Result<T, QueueError>>,
    ) -> Result<T, Error> {
        let is_left_alone = self.away_since.lock().is_some_and(|at| at.elapsed() < LEFT_ALONE);
        if is_left_alone {
            return Err(QueueError("it was away just now".to_owned()).into());
        }
        let called = match timeout(PATIENCE, call).await {
            Ok(called) => called,
            Err(_) => Err(QueueError("it has not answered in time".to_owned())),
        };
        if called.is_err() {
            *self.away_since.lock() = Some(Instant::now());
        }
        Ok(called?)
    }

    /// Forgets a subscription's lanes and all that waits in them.
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn drop_lane(&self, lane: SubscriptionId) -> Result<(), Error> {
        for lane in [lane, gather::lane_of(lane)] {
            self.queue.drop_lane(lane).await?;
            self.told.lock().lanes.remove(&lane);
        }
        Ok(())
    }
}
