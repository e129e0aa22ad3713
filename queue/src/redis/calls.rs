//! What the functions are given: one [`Call`] of each, its arguments packed as the function unpacks
//! them (big-endian, without gaps). Times are microseconds.
//!
//! [`RedisQueue`](super::RedisQueue) makes these calls on Redis's time; tests make them on their own.

use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use domain::tenant::RateLimit;
use uuid::Uuid;

use super::library::Function;
use crate::{
    Breaker, Class, Completion, Due, Feedback, LaneSettings, Next, Refill, TenantSettings, Ticket,
    WorkerSlots,
};

/// How many items one call carries at most, so that no call holds Redis up for long.
pub const ITEMS_AT_ONCE: usize = 200;
/// How many tickets one call hands out at most.
const TICKETS_AT_ONCE: usize = 256;
/// Later than this counts as this: a hundred years. Lua's numbers are exact up to 2^53.
const LONGEST_MICROS: u64 = 100 * 366 * 24 * 3600 * 1_000_000;
const LARGEST: u64 = 1 << 53;

/// A function and its arguments; the instant and the epoch come before them.
#[derive(Debug, Clone)]
pub struct Call {
    pub function: Function,
    pub args: Vec<Vec<u8>>,
}

impl Call {
    fn new(function: Function, args: Vec<Vec<u8>>) -> Self {
        Self { function, args }
    }

    /// [`Queue::push`](crate::Queue::push), at most [`ITEMS_AT_ONCE`].
    pub fn push(due: &[Due]) -> Self {
        Self::new(Function::Push, vec![packed_due(due)])
    }

    /// [`Queue::hand_in`](crate::Queue::hand_in), at most [`ITEMS_AT_ONCE`].
    pub fn hand_in(due: &[Due]) -> Self {
        let soonest = due.iter().map(|due| due.delay).min().unwrap_or_default();
        let mut packed = Packed::default();
        packed.time(soonest);
        Self::new(Function::HandIn, vec![packed_due(due), packed.0])
    }

    /// [`Queue::fetch`](crate::Queue::fetch), without the waiting.
    pub fn fetch(worker: WorkerSlots, max: usize) -> Self {
        let max = max.min(TICKETS_AT_ONCE);
        let number = |number: usize| number.to_string().into_bytes();
        let id = worker.worker.as_bytes().to_vec();
        Self::new(Function::Fetch, vec![id, number(worker.slots), number(max)])
    }

    /// [`Queue::complete`](crate::Queue::complete), at most [`ITEMS_AT_ONCE`].
    pub fn complete(completions: &[Completion]) -> Self {
        let mut packed = Packed::default();
        for Completion { ticket, next, feedback } in completions {
            packed.ticket(ticket);
            packed.byte(match feedback {
                Feedback::Success => 0,
                Feedback::Throttled => 1,
                Feedback::Neutral => 2,
                Feedback::Unattempted => 3,
            });
            match *next {
                Next::Done => packed.byte(0).number(0),
                Next::DueIn { delay, class } => packed.class(class).time(delay),
            };
        }
        Self::new(Function::Complete, vec![packed.0])
    }

    /// Takes back tickets that reached nobody, at most [`ITEMS_AT_ONCE`].
    pub fn release(tickets: &[Ticket]) -> Self {
        let mut packed = Packed::default();
        for ticket in tickets {
            packed.ticket(ticket);
        }
        Self::new(Function::Release, vec![packed.0])
    }

    /// [`Queue::extend_lease`](crate::Queue::extend_lease), at most [`ITEMS_AT_ONCE`]; `worker` is
    /// whose slots a lease takes that has to be put back after a loss.
    pub fn extend_lease(tickets: &[Ticket], worker: Uuid) -> Self {
        let mut packed = Packed::default();
        for ticket in tickets {
            packed.ticket(ticket);
        }
        Self::new(Function::Extend, vec![packed.0, worker.as_bytes().to_vec()])
    }

    /// [`Queue::configure_lane`](crate::Queue::configure_lane).
    pub fn configure_lane(lane: SubscriptionId, settings: &LaneSettings) -> Self {
        let mut packed = Packed::default();
        packed
            .id(lane.0)
            .id(settings.tenant.0)
            .number(settings.revision)
            .flag(settings.ordered)
            .flag(settings.paused)
            .short(settings.max_in_flight)
            .rate(settings.rate_limit);
        match settings.breaker {
            Breaker::Closed => packed.flag(false).number(0),
            Breaker::Open { probe_after } => packed.flag(true).time(probe_after),
        };
        Self::new(Function::ConfigureLane, vec![packed.0])
    }

    /// [`Queue::configure_tenant`](crate::Queue::configure_tenant).
    pub fn configure_tenant(tenant: TenantId, settings: &TenantSettings) -> Self {
        let mut packed = Packed::default();
        packed.id(tenant.0).flag(settings.suspended).rate(settings.rate_limit);
        Self::new(Function::ConfigureTenant, vec![packed.0])
    }

    /// [`Queue::drop_lane`](crate::Queue::drop_lane).
    pub fn drop_lane(lane: SubscriptionId) -> Self {
        Self::new(Function::DropLane, vec![lane.0.as_bytes().to_vec()])
    }

    /// [`Queue::in_flight`](crate::Queue::in_flight).
    pub fn in_flight(lane: SubscriptionId) -> Self {
        Self::new(Function::InFlight, vec![lane.0.as_bytes().to_vec()])
    }

    /// [`Queue::wants_refill`](crate::Queue::wants_refill), without the waiting.
    pub fn wants_refill() -> Self {
        Self::new(Function::WantsRefill, Vec::new())
    }

    /// [`Queue::refill`](crate::Queue::refill).
    pub fn refill(refill: &Refill) -> Self {
        let mut packed = Packed::default();
        packed.id(refill.request.lane.0).class(refill.request.class);
        packed.number(refill.request.generation).flag(refill.beyond.is_some());
        packed.time(refill.beyond.unwrap_or_default());
        Self::new(Function::Refill, vec![packed.0, packed_due(&refill.due)])
    }

    /// A page of [`Queue::stats`](crate::Queue::stats), after the lane that ended the page before.
    pub fn stats(cursor: &[u8]) -> Self {
        Self::new(Function::Stats, vec![cursor.to_vec()])
    }

    /// Lets alarms go off, as every look at the queue does before it.
    pub fn advance() -> Self {
        Self::new(Function::Advance, Vec::new())
    }

    /// Finds the epoch in force or starts one. Takes the place of the epoch that other calls name:
    /// the one to start if need be; then come the one known so far and Redis's `run_id`.
    pub fn attach(former: &str, run_id: &str) -> Self {
        Self::new(Function::Attach, vec![former.into(), run_id.into()])
    }
}

fn packed_due(due: &[Due]) -> Vec<u8> {
    let mut packed = Packed(Vec::with_capacity(due.len() * 40));
    for due in due {
        packed.id(due.lane.0).id(due.delivery.0).class(due.class).time(due.delay);
    }
    packed.0
}

/// Arguments as the functions unpack them.
#[derive(Default)]
struct Packed(Vec<u8>);

impl Packed {
    fn id(&mut self, id: Uuid) -> &mut Self {
        self.0.extend_from_slice(id.as_bytes());
        self
    }

    fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.byte(u8::from(flag))
    }

    fn class(&mut self, class: Class) -> &mut Self {
        self.byte(class as u8 + 1)
    }

    fn short(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Seven bytes, which is more than Lua's numbers hold exactly.
    fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.min(LARGEST).to_be_bytes()[1..]);
        self
    }

    /// Rounded up: nothing is due early.
    fn time(&mut self, time: Duration) -> &mut Self {
        let micros = time.as_nanos().div_ceil(1000);
        self.number(u64::try_from(micros).unwrap_or(u64::MAX).min(LONGEST_MICROS))
    }

    /// The period per token and the burst, which is 0 when there is no limit.
    fn rate(&mut self, limit: Option<RateLimit>) -> &mut Self {
        let period = limit.map_or(0.0, |limit| {
            // In whole nanoseconds, as the in-process queue has it.
            let period = Duration::from_secs_f64(1.0 / limit.per_second());
            period.as_secs_f64() * 1e6
        });
        self.0.extend_from_slice(&period.to_be_bytes());
        self.short(limit.map_or(0, |limit| limit.burst()))
    }

    fn ticket(&mut self, ticket: &Ticket) -> &mut Self {
        self.id(ticket.lane.0).number(ticket.lease.0);
        match ticket.delivery {
            Some(DeliveryId(id)) => self.class(ticket.class).id(id),
            None => self.byte(0).id(Uuid::nil()),
        }
    }
}
