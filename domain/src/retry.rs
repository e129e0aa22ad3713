//! When a failed delivery is tried again.

use std::time::Duration;

use rand::{Rng, RngCore};
use serde::{Deserialize, Serialize};

use crate::invalid::{Checker, Invalid};
use crate::limits;
use crate::time::Timestamp;

/// Waits between attempts, each varied by a uniform 1 ± jitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RetryPolicyInput")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct RetryPolicy {
    schedule_s: Vec<f64>,
    jitter: f64,
}

/// A retry policy as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicyInput {
    pub schedule_s: Vec<f64>,
    #[serde(default = "default_jitter")]
    pub jitter: f64,
}

const fn default_jitter() -> f64 {
    0.2
}

impl RetryPolicy {
    /// From 1 to 20 steps in seconds (0.1 to a week each) and a jitter of 0 to 1.
    ///
    /// # Errors
    /// When a step or the jitter is out of its range.
    pub fn new(schedule_s: Vec<f64>, jitter: f64) -> Result<Self, Invalid> {
        let mut check = Checker::default();
        check.that(limits::RETRY_STEPS.contains(&schedule_s.len()), "/schedule_s", || {
            "must have 1 to 20 steps".to_owned()
        });
        for (index, step) in schedule_s.iter().enumerate() {
            check.that(
                limits::RETRY_STEP_S.contains(step),
                &format!("/schedule_s/{index}"),
                || "must be between 0.1 and 604800 seconds".to_owned(),
            );
        }
        check.that((0.0..=1.0).contains(&jitter), "/jitter", || {
            "must be between 0 and 1".to_owned()
        });
        check.finish(Self { schedule_s, jitter })
    }

    /// The steps in seconds.
    pub fn schedule_s(&self) -> &[f64] {
        &self.schedule_s
    }

    /// How far a wait is varied, as a part of it.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    /// Attempts of a delivery in all: the first and one per step.
    pub fn max_attempts(&self) -> u32 {
        u32::try_from(self.schedule_s.len() + 1).expect("at most 20 steps")
    }

    /// The wait after failed attempt `number` (from 1). A schedule shortened since the delivery was
    /// made goes on with its last step.
    pub fn wait_after(&self, number: u32, rng: &mut impl RngCore) -> Duration {
        let index = (number.max(1) as usize - 1).min(self.schedule_s.len() - 1);
        let factor = if self.jitter > 0.0 {
            rng.random_range(1.0 - self.jitter..=1.0 + self.jitter)
        } else {
            1.0
        };
        Duration::from_secs_f64(self.schedule_s[index] * factor)
    }
}

impl Default for RetryPolicy {
    /// 5 s, 30 s, 2 min, 10 min, 1 h, each ± 20 %.
    fn default() -> Self {
        Self { schedule_s: vec![5.0, 30.0, 120.0, 600.0, 3600.0], jitter: default_jitter() }
    }
}

impl TryFrom<RetryPolicyInput> for RetryPolicy {
    type Error = Invalid;

    fn try_from(input: RetryPolicyInput) -> Result<Self, Invalid> {
        Self::new(input.schedule_s, input.jitter)
    }
}

/// The instant that a `Retry-After` header (RFC 9110 section 10.2.3: seconds or an HTTP date) asks
/// for, at most 24 h ahead; a date in the past means now, an unreadable value nothing.
pub fn parse_retry_after(value: &[u8], now: Timestamp) -> Option<Timestamp> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let wanted = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        now + Duration::from_secs(text.parse().unwrap_or(u64::MAX / 1000).min(u64::MAX / 1000))
    } else {
        match httpdate::parse_http_date(text) {
            Ok(at) => {
                let since = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            // Before 1970, which is past all the same.
            Err(_) => {
                let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
                Timestamp::from_unix_ms(at.timestamp_millis())
            }
        }
    };
    Some(wanted.clamp(now, now + limits::RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_250);

    #[test]
    fn retry_after_takes_seconds_and_dates() {
        let cases: [(&str, Option<i64>); 9] = [
            ("Mon, 01 Jan 1900 00:00:00 GMT", Some(0)),
            ("120", Some(120_000)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(24 * 3_600_000)),
            ("Wed, 21 Jan 2026 12:00:10 GMT", Some(9_750)),
            ("Wed, 21 Jan 2015 12:00:10 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ];
        for (value, delay_ms) in cases {
            let parsed =
                parse_retry_after(value.as_bytes(), NOW).map(|at| at.unix_ms() - NOW.unix_ms());
            assert_eq!(parsed, delay_ms, "{value}");
        }
        assert_eq!(parse_retry_after(&[0xff], NOW), None);
    }

    #[test]
    fn the_default_schedule_gives_six_attempts() {
        assert_eq!(RetryPolicy::default().max_attempts(), 6);
    }

    proptest! {
        #[test]
        fn waits_stay_within_their_jitter(step in 0.1..604_800.0_f64, jitter in 0.0..=1.0_f64, number in 0..30_u32, seed: u64) {
            let policy = RetryPolicy::new(vec![step], jitter).expect("within the ranges");
            let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
            let wait = policy.wait_after(number, &mut rng).as_secs_f64();
            prop_assert!(wait >= step * (1.0 - jitter) - 1e-6 && wait <= step * (1.0 + jitter) + 1e-6);
        }
    }
}
