//! The in-process queue: what `posthaste serve` runs on without Redis.
//!
//! One lock around a pure core ([`lanes::Lanes`]), and two ways to be woken: when a call made
//! something ready, and when the core's next alarm goes off. Nothing polls, so an idle queue costs
//! nothing and a push is picked up at once. The queue starts empty with its process; the
//! reconciler fills it from the database.

mod classes;
mod grants;
mod lane;
pub mod lanes;
pub mod moment;
mod placement;
mod rate;
mod refilling;
mod serving;
mod slots;
mod tenant;
mod timer;
mod turns;
mod window;

use std::pin::pin;

use async_trait::async_trait;
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::lanes::Lanes;
use self::moment::Moment;
use crate::{
    Completion, Due, LaneSettings, Queue, QueueError, Refill, RefillRequest, Stats, TenantSettings,
    Ticket, WorkerSlots,
};

/// Lanes in the memory of this process. It never errs.
#[derive(Debug)]
pub struct MemoryQueue {
    lanes: Mutex<Lanes>,
    start: Instant,
    /// Wakes those who wait for tickets.
    ready: Notify,
    /// Wakes those who wait for refills to be wanted.
    refills: Notify,
}

/// What is waited for.
#[derive(Clone, Copy)]
enum Kind {
    Tickets,
    Refills,
}

/// What waiters sleep by.
#[derive(Clone, Copy)]
struct Outlook {
    at_once: bool,
    alarm: Option<Moment>,
}

impl MemoryQueue {
    /// An empty queue; its clock starts now.
    pub fn new() -> Self {
        Self {
            lanes: Mutex::default(),
            start: Instant::now(),
            ready: Notify::new(),
            refills: Notify::new(),
        }
    }

    /// Makes a call on the core and wakes whom it concerns: those whose alarm is sooner now, and,
    /// while something is ready, everybody who waits, since a slot given back or a rival gone may
    /// be what they were waiting for.
    fn change<T>(&self, call: impl FnOnce(&mut Lanes, Moment) -> T) -> T {
        let kinds = [Kind::Tickets, Kind::Refills];
        let mut lanes = self.lanes.lock();
        let before = kinds.map(|kind| kind.look(&lanes));
        let answer = call(&mut lanes, self.now());
        let after = kinds.map(|kind| kind.look(&lanes));
        drop(lanes);
        for ((kind, before), after) in kinds.into_iter().zip(before).zip(after) {
            if after.concerns(before) {
                self.bell(kind).notify_waiters();
            }
        }
        answer
    }

    /// Asks the core until it has something to give, sleeping between until called or until the
    /// core's next alarm.
    async fn wait<T>(
        &self,
        kind: Kind,
        mut ask: impl FnMut(&mut Lanes, Moment) -> Vec<T>,
    ) -> Vec<T> {
        let (bell, other) = (self.bell(kind), self.bell(kind.other()));
        loop {
            let mut rung = pin!(bell.notified());
            // Waiting starts before asking, so that what changes in between is not missed.
            rung.as_mut().enable();
            let (given, outlook, for_others) = {
                let mut lanes = self.lanes.lock();
                let given = ask(&mut lanes, self.now());
                (given, kind.look(&lanes), kind.other().look(&lanes))
            };
            // The alarms that went off while asking may concern those who wait for the other kind.
            if for_others.at_once {
                other.notify_waiters();
            }
            if !given.is_empty() {
                // Who else waits may have been kept back by what was just given.
                if outlook.at_once {
                    bell.notify_waiters();
                }
                return given;
            }
            match outlook.alarm {
                None => rung.await,
                Some(at) => {
                    let deadline = self.start + at.since(Moment::default());
                    let _rung_or_due = tokio::time::timeout_at(deadline, rung).await;
                }
            }
        }
    }

    fn bell(&self, kind: Kind) -> &Notify {
        match kind {
            Kind::Tickets => &self.ready,
            Kind::Refills => &self.refills,
        }
    }

    fn now(&self) -> Moment {
        Moment::after_start(self.start.elapsed())
    }
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl Outlook {
    fn concerns(self, before: Self) -> bool {
        self.at_once || self.alarm.is_some_and(|at| before.alarm.is_none_or(|former| at < former))
    }
}

impl Kind {
    fn other(self) -> Self {
        match self {
            Self::Tickets => Self::Refills,
            Self::Refills => Self::Tickets,
        }
    }

    fn look(self, lanes: &Lanes) -> Outlook {
        match self {
            Self::Tickets => Outlook { at_once: lanes.has_ready(), alarm: lanes.next_wake() },
            Self::Refills => {
                Outlook { at_once: lanes.has_refills(), alarm: lanes.next_refill_wake() }
            }
        }
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn push(&self, due: &[Due]) -> Result<usize, QueueError> {
        Ok(self.change(|lanes, now| lanes.push(due, now)))
    }

    async fn hand_in(&self, due: &[Due]) -> Result<usize, QueueError> {
        Ok(self.change(|lanes, now| lanes.hand_in(due, now)))
    }

    async fn fetch(&self, worker: WorkerSlots, max: usize) -> Result<Vec<Ticket>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        Ok(self.wait(Kind::Tickets, |lanes, now| lanes.fetch(worker, max, now)).await)
    }

    async fn complete(&self, completions: &[Completion]) -> Result<(), QueueError> {
        self.change(|lanes, now| lanes.complete(completions, now));
        Ok(())
    }

    async fn extend_lease(&self, tickets: &[Ticket]) -> Result<Vec<Ticket>, QueueError> {
        Ok(self.change(|lanes, now| lanes.extend_lease(tickets, now)))
    }

    async fn configure_lane(
        &self,
        lane: SubscriptionId,
        settings: LaneSettings,
    ) -> Result<(), QueueError> {
        self.change(|lanes, now| lanes.configure_lane(lane, settings, now));
        Ok(())
    }

    async fn configure_tenant(
        &self,
        tenant: TenantId,
        settings: TenantSettings,
    ) -> Result<(), QueueError> {
        self.change(|lanes, now| lanes.configure_tenant(tenant, settings, now));
        Ok(())
    }

    async fn drop_lane(&self, lane: SubscriptionId) -> Result<(), QueueError> {
        self.change(|lanes, now| lanes.drop_lane(lane, now));
        Ok(())
    }

    async fn in_flight(&self, lane: SubscriptionId) -> Result<Vec<Option<DeliveryId>>, QueueError> {
        Ok(self.lanes.lock().in_flight(lane))
    }

    async fn wants_refill(&self) -> Result<Vec<RefillRequest>, QueueError> {
        Ok(self.wait(Kind::Refills, Lanes::wants_refill).await)
    }

    async fn refill(&self, refill: Refill) -> Result<(), QueueError> {
        self.change(|lanes, now| lanes.refill(&refill, now));
        Ok(())
    }

    async fn stats(&self) -> Result<Stats, QueueError> {
        Ok(self.change(Lanes::stats))
    }
}
