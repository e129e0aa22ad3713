//! Rate limits by governor's GCRA, on the queue's clock.
//!
//! A ticket needs a token of its lane and one of its tenant. Taking the one and being refused the
//! other would lose a token, so both are asked first ([`Rate::earliest`] takes nothing) and taken
//! together when the ticket goes out.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::tenant::RateLimit;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::moment::Moment;

/// One rate limit and what has been taken of it.
#[derive(Debug)]
pub(super) struct Rate {
    limit: RateLimit,
    cell: Cell,
    limiter: RateLimiter<NotKeyed, Cell, Cell, NoOpMiddleware<Nanos>>,
}

impl Rate {
    /// What is to hold from `now` on in place of `former`: the same limit goes on with what was
    /// taken of it, and a changed one starts with the debt of the old one (at most an empty
    /// bucket's worth), so that a change never grants a fresh burst.
    pub(super) fn adopt(
        former: Option<Self>,
        limit: Option<RateLimit>,
        now: Moment,
    ) -> Option<Self> {
        let limit = limit?;
        match former {
            Some(same) if same.limit == limit => Some(same),
            Some(other) => Some(Self::new(limit, other.cell.load().min(now + full(limit)))),
            None => Some(Self::new(limit, Moment::default())),
        }
    }

    /// When a token can be had: `now` when there is one already.
    pub(super) fn earliest(&self, now: Moment) -> Moment {
        self.cell.peeking.store(true, Ordering::Relaxed);
        let earliest = self.check(now);
        self.cell.peeking.store(false, Ordering::Relaxed);
        earliest
    }

    /// Takes a token, which [`Self::earliest`] has said is there.
    pub(super) fn take(&self, now: Moment) {
        self.check(now);
    }

    fn new(limit: RateLimit, owed_until: Moment) -> Self {
        let cell = Cell::default();
        // The limiter counts from its clock's reading at its making: zero, the queue's start.
        let quota = Quota::with_period(period(limit))
            .expect("a rate of at most 100,000 per second has a period above zero")
            .allow_burst(NonZeroU32::new(limit.burst()).unwrap_or(NonZeroU32::MIN));
        let limiter = RateLimiter::new(quota, cell.clone(), cell.clone());
        cell.tat.store(owed_until.nanos(), Ordering::Relaxed);
        Self { limit, cell, limiter }
    }

    fn check(&self, now: Moment) -> Moment {
        self.cell.now.store(now.nanos(), Ordering::Relaxed);
        match self.limiter.check() {
            Ok(()) => now,
            Err(refused) => Moment::from_nanos(refused.earliest_possible().as_u64()),
        }
    }
}

fn period(limit: RateLimit) -> Duration {
    Duration::from_secs_f64(1.0 / limit.per_second())
}

fn full(limit: RateLimit) -> Duration {
    period(limit) * limit.burst()
}

/// The limiter's clock and its state (GCRA's theoretical arrival time, in nanoseconds since the
/// queue's start), kept where both this module and governor reach them. The queue's lock is held
/// around every use; the atomics only make it shareable.
#[derive(Debug, Clone, Default)]
struct Cell(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    now: AtomicU64,
    tat: AtomicU64,
    peeking: AtomicBool,
}

impl Cell {
    fn load(&self) -> Moment {
        Moment::from_nanos(self.tat.load(Ordering::Relaxed))
    }
}

impl std::ops::Deref for Cell {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Clock for Cell {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.now.load(Ordering::Relaxed).into()
    }
}

impl StateStore for Cell {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, tat) = decide(Some(self.tat.load(Ordering::Relaxed).into()))?;
        if !self.peeking.load(Ordering::Relaxed) {
            self.tat.store(tat.into(), Ordering::Relaxed);
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    fn limit(per_second: f64, burst: u32) -> RateLimit {
        RateLimit::new(per_second, Some(burst)).expect("within the limits")
    }

    fn taken(rate: &Rate, now: Moment) -> usize {
        std::iter::repeat_with(|| (rate.earliest(now) == now).then(|| rate.take(now)))
            .take_while(Option::is_some)
            .count()
    }

    #[test]
    fn asking_takes_nothing_and_the_burst_is_exact() {
        let rate = Rate::adopt(None, Some(limit(10.0, 3)), at(0)).expect("a limit was given");
        for _ in 0..10 {
            assert_eq!(rate.earliest(at(5)), at(5));
        }
        assert_eq!(taken(&rate, at(5)), 3);
        assert_eq!(rate.earliest(at(5)), at(105));
        assert_eq!(taken(&rate, at(105)), 1);
    }

    #[test]
    fn fractional_rates_keep_their_period() {
        let rate = Rate::adopt(None, Some(limit(0.1, 1)), at(0)).expect("a limit was given");
        rate.take(at(0));
        assert_eq!(rate.earliest(at(1)), at(10_000));
    }

    #[test]
    fn a_changed_limit_brings_no_fresh_burst_and_no_old_debt() {
        let slow = Rate::adopt(None, Some(limit(0.1, 1)), at(0));
        slow.as_ref().expect("a limit was given").take(at(0));
        let same = Rate::adopt(slow, Some(limit(0.1, 1)), at(0));
        assert_eq!(same.as_ref().map(|rate| rate.earliest(at(0))), Some(at(10_000)));
        // Ten seconds of debt at the old rate are an empty bucket at the new one.
        let quick = Rate::adopt(same, Some(limit(100.0, 10)), at(0)).expect("a limit was given");
        assert_eq!(taken(&quick, at(0)), 0);
        assert_eq!(quick.earliest(at(0)), at(10));
    }
}
