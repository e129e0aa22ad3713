//! Keeps the queue's lanes configured as the database says, and pushes to them.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::{SubscriptionId, TenantId};
use parking_lot::Mutex;
use queue::{Due, LaneSettings, Queue, TenantSettings};

use crate::error::Error;

/// The queue, with what it has been told about each lane.
#[derive(Clone)]
pub struct Lanes {
    queue: Arc<dyn Queue>,
    told: Arc<Mutex<Told>>,
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
        Self { queue, told: Arc::default() }
    }

    /// The queue itself.
    pub fn queue(&self) -> &Arc<dyn Queue> {
        &self.queue
    }

    /// Makes sure that the lane is served as `settings` say, or newer ones.
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn configure(
        &self,
        lane: SubscriptionId,
        settings: &LaneSettings,
    ) -> Result<(), Error> {
        if self.told.lock().lanes.get(&lane).is_some_and(|revision| *revision >= settings.revision)
        {
            return Ok(());
        }
        self.queue.configure_lane(lane, settings.clone()).await?;
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
        self.queue.configure_tenant(tenant, settings.clone()).await?;
        self.told.lock().tenants.insert(tenant, settings.clone());
        Ok(())
    }

    /// Forgets what the queue was told of a tenant that is gone.
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.told.lock().tenants.remove(&tenant);
    }

    /// Adds what is due to its lanes.
    ///
    /// # Errors
    /// When the queue is away: the rows are committed, and the reconciler finds them.
    pub async fn push(&self, due: &[Due]) -> Result<(), Error> {
        Ok(self.queue.push(due).await?)
    }

    /// Forgets a lane and all that waits in it.
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn drop_lane(&self, lane: SubscriptionId) -> Result<(), Error> {
        self.queue.drop_lane(lane).await?;
        self.told.lock().lanes.remove(&lane);
        Ok(())
    }
}
