//! The queue of several processes: lanes in Redis, the same as [`memory`](crate::memory)'s.
//!
//! Each call is one Lua function (`lua/`, put together in [`library`]; its names are those of the
//! in-process queue, so that each part has its counterpart there), atomic and bounded in its work,
//! on Redis's clock. What is called how and holds what is in [`keys`]. Redis must not evict
//! (`maxmemory-policy noeviction`, its default); when it is full, pushes are refused, which the
//! reconciler makes up for, and what is there is still handed out and finished.
//!
//! # Waking up
//!
//! Nobody polls. Whoever finds nothing is told when to look next, and the shard remembers the latest
//! instant that it told anybody. A function that makes something servable sooner than that calls
//! everybody on the shard's channel, once, and forgets the instant: until somebody has looked in vain
//! again, further pushes call nobody. A look after five seconds makes up for lost notifications.
//!
//! # Losing and finding
//!
//! Redis may be emptied, start again from an older snapshot, or fail over to a replica that lags. The
//! queue's `meta` key holds a random *epoch* and the `run_id` of the Redis it was started on. Every
//! function names the epoch that its caller knows and does nothing when that isn't in force; `run_id` is
//! compared on each connecting, before anything else, and every few seconds. Whoever notices first
//! starts the next epoch; the others are called and adopt it.
//!
//! 1. For [`LEASE_RENEWAL`](crate::LEASE_RENEWAL) after the start of an epoch that follows on another
//!    nothing is handed out, while everything else goes on.
//! 2. In that time `extend_lease` believes who says that a ticket is out: a lease that isn't there is
//!    put back, and its delivery taken out of the windows if it waits there. So is the lease of a
//!    ticket that is completed. As every worker renews its leases within that time, all that is in
//!    flight is leased again before anything is served, in whichever order pushes and renewals come;
//!    and a delivery that two workers hold is leased by the first who says so.
//! 3. [`Queue::lost`] completes in every process. Its owner sets tenants and lanes again, renews its
//!    leases without waiting for the next heartbeat, and pushes all that is due. None of it needs to
//!    wait for the others.
//!
//! Tokens follow Redis's clock, so that one from before a loss is never given again. The first epoch
//! of all serves at once: nobody can hold tickets of a queue that was never there.
//!
//! # Cancelling
//!
//! A fetch that is dropped while its function runs loses nothing: the answer is awaited by a task of
//! its own, and tickets that nobody takes go back to their places at once.

pub mod calls;
mod claim;
pub mod keys;
pub mod library;
mod link;
mod listener;
mod news;
pub mod replies;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use futures::future::try_join_all;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use self::calls::{Call, ITEMS_AT_ONCE};
use self::claim::Claim;
use self::keys::Shard;
use self::link::Link;
use self::listener::{Bell, Bells};
use self::news::News;
use self::replies::Look;
use crate::{
    Completion, Due, LaneSettings, Queue, QueueError, Refill, RefillRequest, Stats, TenantSettings,
    Ticket, WorkerSlots,
};

/// Who sleeps looks at least so often: a notification may be lost with its connection.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(5);
/// While Redis is away, it is asked again after the first of these, and then up to the second.
const PAUSES_AFTER_ERROR: (Duration, Duration) =
    (Duration::from_millis(50), Duration::from_secs(1));

/// Lanes in Redis, shared by all that name the same server and prefix.
pub struct RedisQueue {
    link: Arc<Link>,
    bells: Arc<Bells>,
    listening: JoinHandle<()>,
    news: News,
    /// Who fetched here last: whose slots leases take that are put back after a loss.
    worker: Mutex<Uuid>,
    /// Who fetched here last need not look before this.
    rest: Mutex<Option<(WorkerSlots, Rest)>>,
}

/// There is nothing to be had before an instant, unless the bell has rung once more.
#[derive(Debug, Clone, Copy)]
struct Rest {
    rung: u64,
    until: Instant,
}

impl RedisQueue {
    /// The queue called `prefix` on the Redis at `url` (`redis://…`). It is connected to when first
    /// used, and made when it isn't there. To be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the address can't be read.
    pub fn open(url: &str, prefix: &str) -> Result<Self, QueueError> {
        let client = redis::Client::open(url).map_err(|error| QueueError(error.to_string()))?;
        let link = Arc::new(Link::new(client, Shard::of(prefix)));
        let bells = Arc::new(Bells::default());
        let listening = tokio::spawn({
            let (link, bells) = (link.clone(), bells.clone());
            async move { listener::listen(&link, &bells).await }
        });
        let worker = Mutex::new(Uuid::nil());
        Ok(Self { link, bells, listening, news: News::default(), worker, rest: Mutex::default() })
    }

    /// Makes calls with so many items that several functions are needed, one behind the other on the
    /// connection without waiting in between.
    async fn call_in_chunks<T>(
        &self,
        items: &[T],
        make: impl Fn(&[T]) -> Call,
    ) -> Result<Vec<Vec<u8>>, QueueError> {
        let calls: Vec<_> = items.chunks(ITEMS_AT_ONCE).map(make).collect();
        try_join_all(calls.iter().map(|call| self.link.call(call))).await
    }

    /// Looks until something is found, sleeping between until called, or until the instant that the
    /// function named. While Redis is away, it waits. Also says how long the next one may sleep.
    async fn wait<T, L>(
        &self,
        bell: &Bell,
        mut rest: Option<Rest>,
        mut look: impl FnMut() -> L,
    ) -> (Vec<T>, Rest)
    where
        L: Future<Output = Result<Look<T>, QueueError>>,
    {
        let mut pause_after_error = PAUSES_AFTER_ERROR.0;
        loop {
            if let Some(Rest { rung, until }) = rest {
                bell.more_than(rung, until).await;
            }
            // Before looking, so that what changes in between is not missed.
            let rung = bell.rung();
            let (found, pause) = match look().await {
                Ok(Look { found, wake_in }) => {
                    pause_after_error = PAUSES_AFTER_ERROR.0;
                    (found, wake_in.unwrap_or(LOOK_AT_LEAST_EVERY).min(LOOK_AT_LEAST_EVERY))
                }
                Err(error) => {
                    let pause = pause_after_error;
                    pause_after_error = (pause * 2).min(PAUSES_AFTER_ERROR.1);
                    tracing::debug!(%error, ?pause, "queue.looked_in_vain");
                    (Vec::new(), pause)
                }
            };
            let next = Rest { rung, until: Instant::now() + pause };
            if !found.is_empty() {
                return (found, next);
            }
            rest = Some(next);
        }
    }

    /// Asks for tickets in a task of its own: dropping the future that waits for it drops the answer
    /// and not the question, and an answer that is dropped goes back.
    async fn look_for_tickets(&self, call: Arc<Call>) -> Result<Look<Ticket>, QueueError> {
        let link = self.link.clone();
        let asked = tokio::spawn(async move {
            let Look { found, wake_in } = replies::tickets(&link.call(&call).await?)?;
            Ok((Claim::new(link, found), wake_in))
        });
        let (claim, wake_in) =
            asked.await.map_err(|error| QueueError(format!("the runtime ends: {error}")))??;
        Ok(Look { found: claim.take(), wake_in })
    }
}

impl Drop for RedisQueue {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl fmt::Debug for RedisQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQueue").field("shard", self.link.shard()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Queue for RedisQueue {
    async fn push(&self, due: &[Due]) -> Result<usize, QueueError> {
        let answers = self.call_in_chunks(due, Call::push).await?;
        answers.iter().map(|answer| replies::count(answer)).sum()
    }

    async fn hand_in(&self, due: &[Due]) -> Result<usize, QueueError> {
        let answers = self.call_in_chunks(due, Call::hand_in).await?;
        answers.iter().map(|answer| replies::count(answer)).try_fold(0, |_, last| last)
    }

    async fn fetch(&self, worker: WorkerSlots, max: usize) -> Result<Vec<Ticket>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        *self.worker.lock() = worker.worker;
        let call = Arc::new(Call::fetch(worker, max));
        let look = || self.look_for_tickets(call.clone());
        let rest = self.rest.lock().take().filter(|(rested, _)| *rested == worker);
        let rest = rest.map(|(_, rest)| rest);
        let (tickets, rest) = self.wait(&self.bells.tickets, rest, look).await;
        *self.rest.lock() = Some((worker, rest));
        Ok(tickets)
    }

    async fn complete(&self, completions: &[Completion]) -> Result<(), QueueError> {
        self.call_in_chunks(completions, Call::complete).await.map(drop)
    }

    async fn extend_lease(&self, tickets: &[Ticket]) -> Result<Vec<Ticket>, QueueError> {
        let worker = *self.worker.lock();
        let make = |tickets: &[Ticket]| Call::extend_lease(tickets, worker);
        let answers = self.call_in_chunks(tickets, make).await?;
        let mut lost = Vec::new();
        for (tickets, answer) in tickets.chunks(ITEMS_AT_ONCE).zip(answers) {
            lost.extend(replies::lost(&answer, tickets)?);
        }
        Ok(lost)
    }

    async fn configure_lane(
        &self,
        lane: SubscriptionId,
        settings: LaneSettings,
    ) -> Result<(), QueueError> {
        self.link.call(&Call::configure_lane(lane, &settings)).await.map(drop)
    }

    async fn configure_tenant(
        &self,
        tenant: TenantId,
        settings: TenantSettings,
    ) -> Result<(), QueueError> {
        self.link.call(&Call::configure_tenant(tenant, &settings)).await.map(drop)
    }

    async fn drop_lane(&self, lane: SubscriptionId) -> Result<(), QueueError> {
        self.link.call(&Call::drop_lane(lane)).await.map(drop)
    }

    async fn in_flight(&self, lane: SubscriptionId) -> Result<Vec<Option<DeliveryId>>, QueueError> {
        replies::deliveries(&self.link.call(&Call::in_flight(lane)).await?)
    }

    async fn wants_refill(&self) -> Result<Vec<RefillRequest>, QueueError> {
        let look = || async { replies::requests(&self.link.call(&Call::wants_refill()).await?) };
        Ok(self.wait(&self.bells.refills, None, look).await.0)
    }

    async fn refill(&self, refill: Refill) -> Result<(), QueueError> {
        self.link.call(&Call::refill(&refill)).await.map(drop)
    }

    /// Page by page: lanes that change meanwhile may be counted as they were or as they are.
    async fn stats(&self) -> Result<Stats, QueueError> {
        let mut page = replies::stats(&self.link.call(&Call::stats(&[])).await?)?;
        let mut stats = page.stats;
        while let Some(cursor) = page.cursor {
            page = replies::stats(&self.link.call(&Call::stats(cursor.as_bytes())).await?)?;
            stats.ready += page.stats.ready;
            stats.delayed += page.stats.delayed;
            stats.lanes_behind += page.stats.lanes_behind;
            stats.oldest_ready = stats.oldest_ready.max(page.stats.oldest_ready);
        }
        Ok(stats)
    }

    async fn announce(&self, note: &[u8]) -> Result<usize, QueueError> {
        self.link.publish(&self.link.shard().news(), note).await
    }

    async fn announced(&self) -> Option<Vec<u8>> {
        self.news.next(&self.link).await
    }

    async fn lost(&self) {
        self.link.lost().await;
    }
}
