//! What the queue knows of a tenant: its limits, and which of its lanes wait.

use std::collections::BTreeSet;

use domain::ids::SubscriptionId;

use super::moment::Moment;
use super::rate::Rate;
use super::turns::Turns;
use crate::TenantSettings;

/// A tenant's limits and rings.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    settings: TenantSettings,
    rate: Option<Rate>,
    pub(super) lanes: BTreeSet<SubscriptionId>,
    /// Lanes that may be served, by pace.
    pub(super) fast: Turns<SubscriptionId>,
    pub(super) slow: Turns<SubscriptionId>,
    /// Lanes that want a refill.
    pub(super) refills: Turns<SubscriptionId>,
    /// Whether the tenant stands in the rings of tenants.
    pub(super) in_fast: bool,
    pub(super) in_slow: bool,
    pub(super) in_refills: bool,
    pub(super) turn: u64,
    pub(super) refill_turn: u64,
    pub(super) alarm: Option<Moment>,
}

impl Tenant {
    /// Applies settings. Returns whether suspension changed, which concerns every lane.
    pub(super) fn configure(&mut self, settings: TenantSettings, now: Moment) -> bool {
        let changed = settings.suspended != self.settings.suspended;
        self.rate = Rate::adopt(self.rate.take(), settings.rate_limit, now);
        self.settings = settings;
        changed
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.settings.suspended
    }

    /// When the tenant's rate lets a ticket go.
    pub(super) fn rate_allows_at(&self, now: Moment) -> Moment {
        self.rate.as_ref().map_or(now, |rate| rate.earliest(now))
    }

    /// Takes one token of the tenant's rate.
    pub(super) fn take_token(&self, now: Moment) {
        if let Some(rate) = &self.rate {
            rate.take(now);
        }
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_forgettable(&self) -> bool {
        self.lanes.is_empty() && self.settings == TenantSettings::default()
    }
}
