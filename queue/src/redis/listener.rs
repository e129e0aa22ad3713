//! Hears when something can be had sooner than sleepers were told.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use redis::RedisError;
use redis::aio::PubSub;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};

use super::link::Link;

const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is checked that Redis and the epoch are still the same.
const CHECK_EVERY: Duration = Duration::from_secs(5);
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Wakes those of this process who wait.
#[derive(Debug, Default)]
pub(super) struct Bells {
    pub(super) tickets: Bell,
    pub(super) refills: Bell,
}

/// Wakes whoever waits, and tells who comes later that it has rung.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: AtomicU64,
    waking: Notify,
}

impl Bell {
    /// How often it has rung so far.
    pub(super) fn rung(&self) -> u64 {
        self.rung.load(Ordering::Acquire)
    }

    fn ring(&self) {
        self.rung.fetch_add(1, Ordering::Release);
        self.waking.notify_waiters();
    }

    /// Completes when it has rung more than `rung` times, or at the instant.
    pub(super) async fn more_than(&self, rung: u64, until: Instant) {
        let mut ringing = pin!(self.waking.notified());
        // Waiting starts before looking, so that what rings in between is not missed.
        ringing.as_mut().enable();
        if self.rung() == rung {
            let _rung_or_due = timeout_at(until, ringing).await;
        }
    }
}

impl Bells {
    fn ring_all(&self) {
        self.tickets.ring();
        self.refills.ring();
    }
}

/// Listens for ever, on a connection of its own that is made anew whenever it ends. After each
/// subscribing everybody looks once: what was called in between was not heard.
pub(super) async fn listen(link: &Link, bells: &Bells) {
    let mut pause = PAUSES.0;
    loop {
        match timeout(SUBSCRIBE_TIMEOUT, subscribe(link)).await {
            Ok(Ok(subscription)) => {
                check(link).await;
                bells.ring_all();
                pause = PAUSES.0;
                follow(subscription, link, bells).await;
                tracing::warn!("queue.notifications_ended");
            }
            Ok(Err(error)) => tracing::debug!(%error, "queue.not_subscribed"),
            Err(_) => tracing::debug!("queue.not_subscribed: no answer"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn subscribe(link: &Link) -> Result<PubSub, RedisError> {
    let mut subscription = link.client().get_async_pubsub().await?;
    subscription.subscribe(link.shard().bell()).await?;
    Ok(subscription)
}

async fn follow(subscription: PubSub, link: &Link, bells: &Bells) {
    let mut messages = subscription.into_on_message();
    let mut checks = interval(CHECK_EVERY);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    checks.reset();
    loop {
        tokio::select! {
            message = messages.next() => {
                let Some(message) = message else { return };
                for called in message.get_payload_bytes() {
                    match called {
                        b't' => bells.tickets.ring(),
                        b'r' => bells.refills.ring(),
                        _ => check(link).await,
                    }
                }
            }
            _ = checks.tick() => check(link).await,
        }
    }
}

async fn check(link: &Link) {
    if let Err(error) = link.check().await {
        tracing::debug!(%error, "queue.not_checked");
    }
}
