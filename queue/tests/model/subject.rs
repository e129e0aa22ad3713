//! What is driven against the model: each implementation's core, on the test's time.

use domain::ids::{SubscriptionId, TenantId};
use queue::memory::lanes::Lanes;
use queue::memory::moment::Moment;
use queue::{
    Completion, Due, LaneSettings, Refill, RefillRequest, Stats, TenantSettings, Ticket,
    WorkerSlots,
};

/// See [`queue::Queue`], whose calls these are, without the waiting.
pub(crate) trait Subject {
    /// An empty one.
    fn new() -> Self;
    fn push(&mut self, due: &[Due], now: Moment);
    fn hand_in(&mut self, due: &[Due], now: Moment);
    fn fetch(&mut self, worker: WorkerSlots, max: usize, now: Moment) -> Vec<Ticket>;
    fn complete(&mut self, completions: &[Completion], now: Moment);
    fn extend_lease(&mut self, tickets: &[Ticket], now: Moment) -> Vec<Ticket>;
    fn configure_lane(&mut self, lane: SubscriptionId, settings: LaneSettings, now: Moment);
    fn configure_tenant(&mut self, tenant: TenantId, settings: TenantSettings, now: Moment);
    fn drop_lane(&mut self, lane: SubscriptionId, now: Moment);
    fn wants_refill(&mut self, now: Moment) -> Vec<RefillRequest>;
    fn refill(&mut self, refill: &Refill, now: Moment);
    fn stats(&mut self, now: Moment) -> Stats;
    /// When the next alarm goes off that may make a lane ready.
    fn next_wake(&mut self) -> Option<Moment>;
    /// When the next refill is wanted, if nothing else happens.
    fn next_refill_wake(&mut self) -> Option<Moment>;
}

impl Subject for Lanes {
    fn new() -> Self {
        Lanes::new()
    }

    fn push(&mut self, due: &[Due], now: Moment) {
        Lanes::push(self, due, now);
    }

    fn hand_in(&mut self, due: &[Due], now: Moment) {
        Lanes::hand_in(self, due, now);
    }

    fn fetch(&mut self, worker: WorkerSlots, max: usize, now: Moment) -> Vec<Ticket> {
        Lanes::fetch(self, worker, max, now)
    }

    fn complete(&mut self, completions: &[Completion], now: Moment) {
        Lanes::complete(self, completions, now);
    }

    fn extend_lease(&mut self, tickets: &[Ticket], now: Moment) -> Vec<Ticket> {
        Lanes::extend_lease(self, tickets, now)
    }

    fn configure_lane(&mut self, lane: SubscriptionId, settings: LaneSettings, now: Moment) {
        Lanes::configure_lane(self, lane, settings, now);
    }

    fn configure_tenant(&mut self, tenant: TenantId, settings: TenantSettings, now: Moment) {
        Lanes::configure_tenant(self, tenant, settings, now);
    }

    fn drop_lane(&mut self, lane: SubscriptionId, now: Moment) {
        Lanes::drop_lane(self, lane, now);
    }

    fn wants_refill(&mut self, now: Moment) -> Vec<RefillRequest> {
        Lanes::wants_refill(self, now)
    }

    fn refill(&mut self, refill: &Refill, now: Moment) {
        Lanes::refill(self, refill, now);
    }

    fn stats(&mut self, now: Moment) -> Stats {
        Lanes::stats(self, now)
    }

    fn next_wake(&mut self) -> Option<Moment> {
        Lanes::next_wake(self)
    }

    fn next_refill_wake(&mut self) -> Option<Moment> {
        Lanes::next_refill_wake(self)
    }
}
