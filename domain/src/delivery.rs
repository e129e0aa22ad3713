//! The life of a delivery: its states, and what an outcome makes of it.
//!
//! `pending → succeeded | retrying | failed | cancelled`, `retrying →` the same. Final states are
//! never left; a replay is a new delivery. `docs/state-machine.md` has the picture.

use std::time::Duration;

use rand::RngCore;
use serde::{Deserialize, Serialize};

use crate::outcome::{FailureReason, Outcome};
use crate::retry::{RetryPolicy, parse_retry_after};
use crate::time::Timestamp;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "i16", db_type = "SmallInteger")
)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Not attempted yet.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 0))]
    Pending,
    /// Attempted without success, due again.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 1))]
    Retrying,
    #[cfg_attr(feature = "columns", sea_orm(num_value = 2))]
    Succeeded,
    /// A dead letter.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 3))]
    Failed,
    /// By deletion of its subscription, or by request.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 4))]
    Cancelled,
}

impl DeliveryStatus {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Retrying, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// Whether it is never left again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// When a delivery is due that is held until somebody lets it go.
pub const HELD: Timestamp = Timestamp::MAX;

/// Why a delivery exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "i16", db_type = "SmallInteger")
)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The event matched the subscription.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 0))]
    Event,
    /// Asked for by hand.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 1))]
    Redelivery,
    /// One of many, by filter and time window.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 2))]
    Replay,
    /// An example, to try a receiver.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 3))]
    Test,
}

impl Trigger {
    /// The name on the wire, `X-PT-Trigger` included.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Redelivery => "redelivery",
            Self::Replay => "replay",
            Self::Test => "test",
        }
    }
}

/// How far a delivery has come when an attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The number of the attempt at hand, from 1.
    pub number: u32,
    pub max_attempts: u32,
}

/// What an outcome makes of its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Succeeded,
    /// Due again at the instant.
    RetryAt(Timestamp),
    /// The attempts are used up: a dead letter.
    Exhausted,
    /// `410`: this delivery is a dead letter, and the subscription is disabled.
    Gone,
}

impl Verdict {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::RetryAt(_) => "retrying",
            Self::Exhausted => "exhausted",
            Self::Gone => "gone",
        }
    }

    /// When the delivery is due again.
    pub const fn retry_at(self) -> Option<Timestamp> {
        match self {
            Self::RetryAt(at) => Some(at),
            Self::Succeeded | Self::Exhausted | Self::Gone => None,
        }
    }
}

/// Turns an outcome into a verdict. `now` is when the outcome was known.
pub fn settle(
    outcome: &Outcome,
    progress: Progress,
    policy: &RetryPolicy,
    now: Timestamp,
    rng: &mut impl RngCore,
) -> Verdict {
    match outcome.failure_reason() {
        None => Verdict::Succeeded,
        Some(FailureReason::Gone) => Verdict::Gone,
        Some(_) if progress.number >= progress.max_attempts => Verdict::Exhausted,
        Some(_) => Verdict::RetryAt(match asked_for(outcome, now) {
            // Never before the instant asked for: the header counts whole seconds.
            Some(at) => at,
            None => now + policy.wait_after(progress.number, rng).max(Duration::from_millis(1)),
        }),
    }
}

/// The instant that the receiver asked for; only `429` and `503` may.
pub(crate) fn asked_for(outcome: &Outcome, now: Timestamp) -> Option<Timestamp> {
    let response = outcome.result.as_ref().ok()?;
    match response.status {
        429 | 503 => parse_retry_after(response.retry_after.as_deref()?, now),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Failure, Response, Timing};

    const NOW: Timestamp = Timestamp::from_unix_ms(1_000_000);

    fn answered(status: u16, retry_after: Option<&str>) -> Outcome {
        let response = Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            truncated: false,
            retry_after: retry_after.map(|text| text.as_bytes().to_vec()),
        };
        Outcome {
            meaning: None,
            result: Ok(response),
            timing: Timing::default(),
            remote_ip: None,
            http_version: None,
        }
    }

    fn settled(outcome: &Outcome, number: u32) -> Verdict {
        let policy = RetryPolicy::new(vec![5.0, 30.0], 0.0).expect("valid");
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(0);
        settle(outcome, Progress { number, max_attempts: 3 }, &policy, NOW, &mut rng)
    }

    #[test]
    fn every_2xx_is_a_success_and_nothing_else() {
        for status in [200, 201, 204, 299] {
            assert_eq!(settled(&answered(status, None), 1), Verdict::Succeeded);
        }
        for status in [300, 301, 400, 404, 429, 500, 503] {
            assert_eq!(
                settled(&answered(status, None), 1),
                Verdict::RetryAt(NOW + Duration::from_secs(5)),
                "{status}"
            );
        }
    }

    #[test]
    fn follows_the_schedule_and_ends_after_the_last_step() {
        let outcome = Outcome {
            result: Err(Failure { reason: FailureReason::Timeout, error: String::new() }),
            ..answered(0, None)
        };
        assert_eq!(settled(&outcome, 2), Verdict::RetryAt(NOW + Duration::from_secs(30)));
        assert_eq!(settled(&outcome, 3), Verdict::Exhausted);
    }

    #[test]
    fn retry_after_replaces_the_step_on_429_and_503_only() {
        for status in [429, 503] {
            assert_eq!(
                settled(&answered(status, Some("2")), 1),
                Verdict::RetryAt(NOW + Duration::from_secs(2))
            );
            assert_eq!(
                settled(&answered(status, Some("2")), 3),
                Verdict::Exhausted,
                "it counts as an attempt"
            );
            assert_eq!(
                settled(&answered(status, Some("soon")), 1),
                Verdict::RetryAt(NOW + Duration::from_secs(5))
            );
        }
        assert_eq!(
            settled(&answered(500, Some("2")), 1),
            Verdict::RetryAt(NOW + Duration::from_secs(5))
        );
    }

    #[test]
    fn a_410_ends_it_at_once() {
        assert_eq!(settled(&answered(410, Some("2")), 1), Verdict::Gone);
    }
}
