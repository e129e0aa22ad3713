//! The to-do list of deliveries: a lane per subscription, served in turn.
//!
//! The database is the truth; everything here can be rebuilt from it at any time
//! (`engine::reconcile` does that). The queue carries ids, not payloads, and of each lane only a
//! window: memory follows the number of lanes, not the backlog.
//!
//! [`Queue`] is the contract, [`memory::MemoryQueue`] the in-process implementation,
//! [`redis::RedisQueue`] that of several processes, [`backend::LaneBackend`] what apalis workers run
//! on, and [`suite`] the conformance tests that every implementation must pass.

pub mod backend;
pub mod memory;
pub mod redis;
#[cfg(feature = "suite")]
pub mod suite;

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use domain::tenant::RateLimit;

/// How many due deliveries of one class a lane holds in the queue; the rest stay in the database.
pub const WINDOW: usize = 128;
/// A lane that is served, half full and whose first in line is overdue by this is crowded: more is posted
/// into it than is delivered.
pub const CROWDED_AFTER: Duration = Duration::from_millis(20);
/// What is due later than this stays in the database.
pub const HORIZON: Duration = Duration::from_secs(15 * 60);
/// How long a ticket belongs to its worker without a renewal.
pub const LEASE: Duration = Duration::from_secs(20);
/// How often leases are renewed.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(5);
/// How many requests a lane has in flight at most before its first success; each success doubles
/// it up to `max_in_flight`, so that nobody takes everything before being known to be slow.
pub const INITIAL_WORKING_CAP: u32 = 8;
/// A lane whose oldest request in flight is older than this counts as slow, and so does one whose
/// last answer took longer: else the moment at which all its requests have been answered would
/// make it a stranger again.
pub const SLOW_AFTER: Duration = Duration::from_secs(1);

/// Why a delivery is due; earlier classes go first, each later one gets at least every tenth turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A first attempt of an event's delivery, or one asked for by hand.
    First,
    /// A later attempt.
    Retry,
    /// Part of a replay.
    Replay,
}

/// A delivery that is due, now or after a delay.
///
/// The queue is given delays, not instants, so that it needs no other clock than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub lane: SubscriptionId,
    pub delivery: DeliveryId,
    pub class: Class,
    pub delay: Duration,
}

/// How a lane is to be served. A lane without settings isn't served.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneSettings {
    pub tenant: TenantId,
    /// The subscription's revision; settings older than what the lane has are ignored.
    pub revision: u64,
    /// Strict order: the lane's ticket names no delivery ([`Ticket::delivery`] is `None`), one is
    /// out at a time, and the worker takes the head from the database.
    pub ordered: bool,
    pub paused: bool,
    pub max_in_flight: u32,
    pub rate_limit: Option<RateLimit>,
    pub breaker: Breaker,
}

/// State of a lane's circuit breaker as the queue needs it; the rules that move it are the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Breaker {
    #[default]
    Closed,
    /// Only a probe goes out, not before `probe_after` from now: the oldest due delivery. No other
    /// ticket of the lane is handed out until new settings say otherwise.
    Open { probe_after: Duration },
}

/// What holds for all lanes of a tenant together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TenantSettings {
    /// A suspended tenant's lanes wait.
    pub suspended: bool,
    pub rate_limit: Option<RateLimit>,
}

/// Who fetches: one worker of one process, with how many requests it can have in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSlots {
    pub worker: uuid::Uuid,
    pub slots: usize,
}

/// Proof that a ticket is still one's own; an old token changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseToken(pub u64);

/// A delivery handed out under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub lane: SubscriptionId,
    /// `None` on an ordered lane: the worker takes the lane's head from the database.
    pub delivery: Option<DeliveryId>,
    /// Why it is due; to be named again when it is released unattempted. `First` on an ordered lane.
    pub class: Class,
    pub lease: LeaseToken,
    /// How long the delivery was due before it was handed out.
    pub waited: Duration,
    /// Whether it goes out to find out if an open circuit can be closed.
    pub probe: bool,
}

/// What a worker made of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    pub ticket: Ticket,
    pub next: Next,
    pub feedback: Feedback,
}

/// Whether the ticket's delivery (or, on an ordered lane, the lane's head) is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing more is owed. On an ordered lane: the lane is empty (a push that came meanwhile counts).
    Done,
    /// Due again after the delay, in the class given. Released unattempted, it is due at once.
    DueIn { delay: Duration, class: Class },
}

/// What the receiver's answer says about how many requests it can take at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// Doubles the lane's working cap.
    Success,
    /// `429`: halves it (never below 1).
    Throttled,
    /// Says nothing.
    Neutral,
    /// There was no request: the ticket was released, or nothing was owed. A probe that ends so
    /// has found nothing out, and another one goes out in its place.
    Unattempted,
}

/// A lane that has room while the database holds more than the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefillRequest {
    pub lane: SubscriptionId,
    /// Which class's window has room.
    pub class: Class,
    /// How many rows to read so that, with those leased or held already among them, the window gets full.
    pub limit: usize,
    /// To be handed back in [`Queue::refill`]: tells whether pushes were turned away since.
    pub generation: u64,
}

/// What the database had for a [`RefillRequest`].
#[derive(Debug, Clone)]
pub struct Refill {
    pub request: RefillRequest,
    pub due: Vec<Due>,
    /// When the first one beyond `due` is due; `None` when the database holds no more.
    pub beyond: Option<Duration>,
}

/// A picture of the queue, for metrics and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    pub lanes: usize,
    /// Due now and waiting for their turn.
    pub ready: usize,
    /// Due later, within the window.
    pub delayed: usize,
    pub leased: usize,
    pub lanes_paused: usize,
    pub lanes_open: usize,
    /// Lanes of which the database holds more.
    pub lanes_behind: usize,
    /// Age of the oldest one that is due and may be served.
    pub oldest_ready: Duration,
    /// Leases that ran out and were handed out again, since the start.
    pub leases_reclaimed: u64,
}

/// The queue cannot be reached, or answered with an error. Never final: the caller tries again.
#[derive(Debug, thiserror::Error)]
#[error("the queue is not available: {0}")]
pub struct QueueError(pub String);

/// Lanes of due deliveries, handed out under leases.
///
/// Every call is atomic, and safe to repeat: pushing what is known, completing what is completed
/// and extending what was lost all change nothing.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Adds deliveries to their lanes. An id that is waiting, delayed or leased stays as it is. What
    /// finds no room in its lane's window, or is due beyond [`HORIZON`], is left to the database:
    /// the lane keeps a mark. On an ordered lane, says that the head may be due after the delay
    /// (the sooner of this and what the lane has; while its ticket is out, for afterwards).
    /// Returns how many it took in; those of ordered lanes are not counted, since it knows of none of them.
    async fn push(&self, due: &[Due]) -> Result<usize, QueueError>;

    /// Adds deliveries to their lanes as [`Queue::push`] does, but need not do so before the next look at the
    /// queue, which costs a shared queue less: for those that have just been committed. Returns how many that
    /// were due at once have met a crowded lane so far ([`CROWDED_AFTER`]), ever since the queue is there.
    async fn hand_in(&self, due: &[Due]) -> Result<usize, QueueError>;

    /// Hands out up to `max` tickets, waiting until there is at least one.
    async fn fetch(&self, worker: WorkerSlots, max: usize) -> Result<Vec<Ticket>, QueueError>;

    /// Ends leases; finishing and setting the next due time is one step. Old tokens change nothing.
    async fn complete(&self, completions: &[Completion]) -> Result<(), QueueError>;

    /// Renews leases for [`LEASE`] from now; returns the tickets that are lost.
    async fn extend_lease(&self, tickets: &[Ticket]) -> Result<Vec<Ticket>, QueueError>;

    /// Sets how a lane is served, making the lane if needed.
    async fn configure_lane(
        &self,
        lane: SubscriptionId,
        settings: LaneSettings,
    ) -> Result<(), QueueError>;

    /// Sets what holds for a tenant's lanes together.
    async fn configure_tenant(
        &self,
        tenant: TenantId,
        settings: TenantSettings,
    ) -> Result<(), QueueError>;

    /// Forgets a lane and all that waits in it; leases that are out end without effect.
    async fn drop_lane(&self, lane: SubscriptionId) -> Result<(), QueueError>;

    /// The deliveries of a lane that are out under a lease, with any worker; `None` for an ordered lane's
    /// ticket, which names none.
    async fn in_flight(&self, lane: SubscriptionId) -> Result<Vec<Option<DeliveryId>>, QueueError>;

    /// Lanes that want refilling, in the order of fairness, waiting until there is at least one. A
    /// lane that isn't runnable is not among them.
    async fn wants_refill(&self) -> Result<Vec<RefillRequest>, QueueError>;

    /// Answers a request with what the database holds.
    async fn refill(&self, refill: Refill) -> Result<(), QueueError>;

    /// A picture of the whole.
    async fn stats(&self) -> Result<Stats, QueueError>;

    /// Tells those who listen ([`Queue::announced`]) in all processes of this queue; how many they are. Nothing
    /// of it is kept, and nothing may depend on its being heard. A queue within one process has nobody to tell.
    async fn announce(&self, note: &[u8]) -> Result<usize, QueueError> {
        let _ = note;
        Ok(0)
    }

    /// The next of what others and oneself announce; `None` when some may have been missed. For one listener
    /// per queue.
    async fn announced(&self) -> Option<Vec<u8>> {
        std::future::pending().await
    }

    /// Completes when the queue's contents were lost since it completed last (or since the queue was
    /// opened) and must be rebuilt: the owner sets tenants and lanes again, renews the leases of all
    /// tickets it holds, which puts them back, and pushes what is due. For one listener per queue.
    /// A queue that lives as long as its process is never lost.
    async fn lost(&self) {
        std::future::pending().await
    }
}
