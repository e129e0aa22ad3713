//! What each worker holds, and how its slots are shared.
//!
//! While others have something due, one tenant holds at most a quarter of a worker's slots, and
//! slow lanes hold at most half of them together. The limits are strict: slots that stay free
//! under them are what a newcomer finds. Quick lanes have nothing due most of the time, and a slow
//! one keeps its slots for long, so slow lanes never get the last eighth, not even while nobody
//! else waits: who comes next would wait for one of their answers.

use std::collections::HashMap;

use domain::ids::TenantId;
use uuid::Uuid;

/// All workers that hold leases.
#[derive(Debug, Default)]
pub(super) struct Workers(HashMap<Uuid, Held>);

/// The leases that one worker holds, as counts.
#[derive(Debug, Default)]
pub(super) struct Held {
    all: usize,
    slow: usize,
    tenants: HashMap<TenantId, usize>,
}

impl Workers {
    /// What the worker holds; `None` when that is nothing.
    pub(super) fn held(&self, worker: Uuid) -> Option<&Held> {
        self.0.get(&worker)
    }

    /// Notes a lease handed out.
    pub(super) fn take(&mut self, worker: Uuid, tenant: TenantId, slow: bool) {
        let held = self.0.entry(worker).or_default();
        held.all += 1;
        held.slow += usize::from(slow);
        *held.tenants.entry(tenant).or_default() += 1;
    }

    /// Notes a lease that ended.
    pub(super) fn give_back(&mut self, worker: Uuid, tenant: TenantId, slow: bool) {
        let Some(held) = self.0.get_mut(&worker) else {
            return;
        };
        held.all -= 1;
        held.slow -= usize::from(slow);
        if held.all == 0 {
            self.0.remove(&worker);
        } else if let Some(count) = held.tenants.get_mut(&tenant) {
            *count -= 1;
            if *count == 0 {
                held.tenants.remove(&tenant);
            }
        }
    }

    /// Notes that the lane of one of the worker's leases became slow, or is slow no more.
    pub(super) fn turn(&mut self, worker: Uuid, slow: bool) {
        if let Some(held) = self.0.get_mut(&worker) {
            held.slow = if slow { held.slow + 1 } else { held.slow - 1 };
        }
    }
}

impl Held {
    /// How many leases in all.
    pub(super) fn all(&self) -> usize {
        self.all
    }

    /// Whether a tenant has its share of `slots` while others wait.
    pub(super) fn tenant_is_full(&self, tenant: TenantId, slots: usize) -> bool {
        self.tenants.get(&tenant).is_some_and(|held| *held >= (slots / 4).max(1))
    }

    /// Whether slow lanes have their share of `slots`.
    pub(super) fn slow_are_full(&self, slots: usize, others_wait: bool) -> bool {
        let share = if others_wait { slots / 2 } else { slots - slots / 8 };
        self.slow >= share.max(1)
    }
}
