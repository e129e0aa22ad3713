//! How a receiver has been doing: what opens and closes its circuit, and what gives it up.
//!
//! A circuit opens after [`FAILURES_TO_OPEN`] failed attempts in a row, over all deliveries of the
//! subscription. Probes then find out whether it can be closed; the first success closes it. A
//! subscription whose receiver has not had a success for days is disabled.

use std::time::Duration;

use crate::delivery::asked_for;
use crate::outcome::Outcome;
use crate::time::Timestamp;

/// Failed attempts in a row that open a circuit.
pub const FAILURES_TO_OPEN: u32 = 20;
/// When the next probe goes out after so many failed ones; the last entry stands for all that follow.
const PROBE_AFTER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(30),
];
/// How long a receiver may go on failing.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(5 * 24 * 60 * 60);
/// Failed attempts that it takes to give a receiver up, and on how many days (UTC).
const GIVEN_UP_ATTEMPTS: u32 = 20;
const GIVEN_UP_DAYS: u32 = 3;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A receiver's health. The default is a receiver without failures since its last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Failed attempts in a row that count for the circuit.
    pub consecutive_failures: u32,
    pub circuit: Circuit,
    /// Failures since the last success; `None` when there were none.
    pub failing: Option<Failing>,
}

/// Whether attempts go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Circuit {
    #[default]
    Closed,
    /// Only probes do.
    Open {
        since: Timestamp,
        failed_probes: u32,
        /// When the next probe may go out.
        probe_at: Timestamp,
    },
}

/// Failures since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    pub since: Timestamp,
    pub last_at: Timestamp,
    pub attempts: u32,
    /// Different days (UTC) among them.
    pub days: u32,
}

/// What an attempt says about its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Success,
    /// A failure that says that the receiver is away or broken.
    Failure,
    /// `429` or `503` with `Retry-After`: it is there, and says when it will take more. Nothing for the
    /// circuit, and a failure for the count of days.
    AskedToWait,
}

impl Sign {
    /// What an outcome says that was known at `now`.
    pub fn of(outcome: &Outcome, now: Timestamp) -> Self {
        match outcome.failure_reason() {
            None => Self::Success,
            Some(_) if asked_for(outcome, now).is_some() => Self::AskedToWait,
            Some(_) => Self::Failure,
        }
    }
}

impl Health {
    /// Whether nothing is held against the receiver.
    pub fn is_good(&self) -> bool {
        *self == Self::default()
    }

    /// The health after a further attempt that ended at `now`; `probe`: whether it went out to find
    /// out if the circuit can be closed.
    #[must_use]
    pub fn after(mut self, sign: Sign, probe: bool, now: Timestamp) -> Self {
        if sign == Sign::Success {
            return Self::default();
        }
        self.failing = Some(match self.failing {
            None => Failing { since: now, last_at: now, attempts: 1, days: 1 },
            Some(failing) => Failing {
                since: failing.since,
                last_at: failing.last_at.max(now),
                attempts: failing.attempts.saturating_add(1),
                days: failing.days + u32::from(day(now) > day(failing.last_at)),
            },
        });
        if sign == Sign::Failure {
            self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        }
        match &mut self.circuit {
            Circuit::Closed if self.consecutive_failures >= FAILURES_TO_OPEN => {
                self.circuit =
                    Circuit::Open { since: now, failed_probes: 0, probe_at: now + PROBE_AFTER[0] };
            }
            // Whatever its answer was, a probe that is no success keeps the circuit open.
            Circuit::Open { failed_probes, probe_at, .. } if probe => {
                *failed_probes = failed_probes.saturating_add(1);
                let step = usize::try_from(*failed_probes).unwrap_or(usize::MAX);
                *probe_at = now + PROBE_AFTER[step.min(PROBE_AFTER.len() - 1)];
            }
            // What was under way when the circuit opened says nothing new.
            Circuit::Closed | Circuit::Open { .. } => {}
        }
        self
    }

    /// Whether the receiver has failed for so long that its subscription is to be disabled.
    pub fn is_given_up(&self, now: Timestamp) -> bool {
        self.failing.is_some_and(|failing| {
            now.since(failing.since) >= GIVEN_UP_AFTER
                && failing.attempts >= GIVEN_UP_ATTEMPTS
                && failing.days >= GIVEN_UP_DAYS
        })
    }
}

fn day(at: Timestamp) -> i64 {
    at.unix_ms().div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn after(signs: impl IntoIterator<Item = Sign>) -> Health {
        signs.into_iter().fold(Health::default(), |health, sign| health.after(sign, false, NOW))
    }

    fn opened() -> Health {
        after([Sign::Failure; 20])
    }

    fn probe_at(health: Health) -> Timestamp {
        match health.circuit {
            Circuit::Open { probe_at, .. } => probe_at,
            Circuit::Closed => panic!("{health:?}"),
        }
    }

    #[test]
    fn twenty_failures_in_a_row_open_and_a_success_forgets_them() {
        assert_eq!(after([Sign::Failure; 19]).circuit, Circuit::Closed);
        assert_eq!(probe_at(opened()), NOW + SECOND);
        let signs =
            [[Sign::Failure; 19].as_slice(), &[Sign::Success], &[Sign::Failure; 19]].concat();
        assert_eq!(after(signs).circuit, Circuit::Closed);
        assert!(opened().after(Sign::Success, true, NOW).is_good());
        assert!(opened().after(Sign::Success, false, NOW).is_good(), "also one from before");
    }

    #[test]
    fn being_asked_to_wait_counts_neither_way() {
        assert_eq!(after([Sign::AskedToWait; 100]).circuit, Circuit::Closed);
        let signs = [[Sign::Failure; 19].as_slice(), &[Sign::AskedToWait; 5]].concat();
        let health = after(signs);
        assert_eq!((health.circuit, health.consecutive_failures), (Circuit::Closed, 19));
        assert_eq!(probe_at(health.after(Sign::Failure, false, NOW)), NOW + SECOND);
    }

    #[test]
    fn probes_come_less_and_less_often_and_only_probes_count() {
        let mut health = opened();
        for seconds in [2, 4, 8, 16, 30, 30, 30] {
            health = health.after(Sign::Failure, true, NOW);
            assert_eq!(probe_at(health), NOW + SECOND * seconds);
            let late = health.after(Sign::Failure, false, NOW + SECOND);
            assert_eq!(probe_at(late), probe_at(health), "it was under way before");
        }
        let asked = opened().after(Sign::AskedToWait, true, NOW);
        assert_eq!(probe_at(asked), NOW + SECOND * 2);
    }

    #[test]
    fn a_receiver_is_given_up_after_five_days_with_failures_on_three() {
        let day = SECOND * 24 * 60 * 60;
        let at = |days: &[u32]| {
            days.iter().fold(Health::default(), |health, number| {
                (0..8).fold(health, |health, _| {
                    health.after(Sign::Failure, false, NOW + day * *number)
                })
            })
        };
        let failing = at(&[0, 2, 5]);
        assert_eq!(failing.failing.map(|failing| (failing.attempts, failing.days)), Some((24, 3)));
        assert!(failing.is_given_up(NOW + day * 5));
        assert!(!failing.is_given_up(NOW + day * 5 - SECOND), "not five days yet");
        assert!(!at(&[0, 5]).is_given_up(NOW + day * 9), "on two days only");
        let few = (0..6).fold(Health::default(), |health, number| {
            health.after(Sign::Failure, false, NOW + day * number)
        });
        assert!(!few.is_given_up(NOW + day * 6), "six attempts only");
        assert!(!failing.after(Sign::Success, false, NOW + day * 5).is_given_up(NOW + day * 9));
    }
}
