//! Replays: old events sent again, chosen by a window of time and what became of them.

use serde::{Deserialize, Serialize};

use crate::event_type::EventTypePatterns;
use crate::ids::SubscriptionId;
use crate::invalid::{Checker, Invalid};
use crate::limits;
use crate::outcome::FailureReason;
use crate::time::Timestamp;

/// A replay as it is written; only `from` and `to` are needed. `null` is as good as absent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayInput {
    from: Timestamp,
    to: Timestamp,
    subscription_id: Option<SubscriptionId>,
    event_types: Option<Vec<String>>,
    statuses: Option<Vec<PastStatus>>,
    failure_reasons: Option<Vec<FailureReason>>,
    rate_per_second: Option<f64>,
    dry_run: Option<bool>,
}

/// What became of an event at a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastStatus {
    /// A dead letter that is not resolved.
    Failed,
    Succeeded,
    Cancelled,
    /// The event matches the subscription now and has no delivery there.
    Missing,
}

impl PastStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Succeeded, Self::Cancelled, Self::Missing];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Succeeded => "succeeded",
            Self::Cancelled => "cancelled",
            Self::Missing => "missing",
        }
    }
}

/// Several of them, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct PastStatuses(Vec<PastStatus>);

impl PastStatuses {
    /// Only this one.
    pub fn one(status: PastStatus) -> Self {
        Self(vec![status])
    }

    /// Whether this one is meant.
    pub fn contains(&self, status: PastStatus) -> bool {
        self.0.contains(&status)
    }

    /// Whether any is meant that deliveries have.
    pub fn are_of_deliveries(&self) -> bool {
        self.0.iter().any(|status| *status != PastStatus::Missing)
    }
}

/// Why those failed that are meant; none named: whatever the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct FailureReasons(Vec<FailureReason>);

impl FailureReasons {
    /// Those that are named.
    pub fn named(&self) -> &[FailureReason] {
        &self.0
    }
}

impl From<Vec<FailureReason>> for FailureReasons {
    fn from(mut reasons: Vec<FailureReason>) -> Self {
        reasons.sort_unstable_by_key(|reason| *reason as u8);
        reasons.dedup();
        Self(reasons)
    }
}

/// Which deliveries are meant, or events that have none.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// From when on they were made.
    pub from: Timestamp,
    /// And until before when.
    pub to: Timestamp,
    pub subscription: Option<SubscriptionId>,
    pub event_types: EventTypePatterns,
    pub statuses: PastStatuses,
    /// Of those that failed.
    pub failure_reasons: FailureReasons,
}

/// A replay that keeps the contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub choice: Choice,
    /// First attempts per second.
    pub rate_per_second: f64,
    /// Whether it is only asked how many there are.
    pub is_dry_run: bool,
}

impl ReplayInput {
    /// Checks every field.
    ///
    /// # Errors
    /// All the faults found.
    pub fn parse(self) -> Result<Plan, Invalid> {
        let mut check = Checker::default();
        check.that(self.from < self.to, "/to", || "must be after from".to_owned());
        let event_types =
            check.take("/event_types", self.event_types.unwrap_or_default().try_into());
        let mut statuses = self.statuses.unwrap_or_else(|| vec![PastStatus::Failed]);
        statuses.sort_unstable();
        statuses.dedup();
        check.that(!statuses.is_empty(), "/statuses", || "must name one at least".to_owned());
        let rate_per_second = self.rate_per_second.unwrap_or(limits::REPLAY_PER_SECOND_DEFAULT);
        check.that(limits::RATE_PER_SECOND.contains(&rate_per_second), "/rate_per_second", || {
            let (low, high) = (limits::RATE_PER_SECOND.start(), limits::RATE_PER_SECOND.end());
            format!("must be between {low} and {high}")
        });
        check.finish_with(|| {
            let choice = Choice {
                from: self.from,
                to: self.to,
                subscription: self.subscription_id,
                event_types: event_types?,
                statuses: PastStatuses(statuses),
                failure_reasons: self.failure_reasons.unwrap_or_default().into(),
            };
            Some(Plan { choice, rate_per_second, is_dry_run: self.dry_run.unwrap_or(false) })
        })
    }
}

/// Which dead letters are meant, as it is written; all that are not resolved, when nothing is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLettersInput {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    subscription_id: Option<SubscriptionId>,
    event_types: Option<Vec<String>>,
    failure_reasons: Option<Vec<FailureReason>>,
}

impl DeadLettersInput {
    /// Checks every field. Those that come after `now` are not meant.
    ///
    /// # Errors
    /// All the faults found.
    pub fn parse(self, now: Timestamp) -> Result<Choice, Invalid> {
        let replay = ReplayInput {
            from: self.from.unwrap_or(Timestamp::from_unix_ms(0)),
            to: self.to.unwrap_or(now),
            subscription_id: self.subscription_id,
            event_types: self.event_types,
            statuses: None,
            failure_reasons: self.failure_reasons,
            rate_per_second: None,
            dry_run: None,
        };
        replay.parse().map(|plan| plan.choice)
    }
}

/// Where a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "Text")
)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    #[cfg_attr(feature = "columns", sea_orm(string_value = "running"))]
    Running,
    /// What has not been attempted is held.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "paused"))]
    Paused,
    /// All its deliveries are final.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "completed"))]
    Completed,
    /// What had not been attempted is cancelled.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "cancelled"))]
    Cancelled,
}

impl ReplayStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Running, Self::Paused, Self::Completed, Self::Cancelled];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parse(value: Value) -> Result<Plan, Invalid> {
        serde_json::from_value::<ReplayInput>(value).expect("the shape of a replay").parse()
    }

    #[test]
    fn only_a_window_is_needed() {
        let plan = parse(json!({"from": "2026-01-21T12:00:00Z", "to": "2026-01-21T13:00:00Z"}));
        let plan = plan.expect("a plan");
        assert_eq!(plan.choice.statuses, PastStatuses(vec![PastStatus::Failed]));
        assert!(plan.choice.event_types.is_all());
        assert_eq!(plan.rate_per_second, limits::REPLAY_PER_SECOND_DEFAULT);
        assert!(!plan.is_dry_run);
    }

    #[test]
    fn every_fault_is_told() {
        let wrong = parse(json!({
            "from": "2026-01-21T13:00:00Z",
            "to": "2026-01-21T13:00:00Z",
            "event_types": ["a b"],
            "statuses": [],
            "rate_per_second": 0,
        }));
        let faults = wrong.expect_err("refused").0;
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/to", "/event_types/0", "/statuses", "/rate_per_second"]);
    }

    #[test]
    fn names_on_the_wire_are_those_that_are_read() {
        for status in PastStatus::ALL {
            assert_eq!(json!(status), json!(status.as_str()));
        }
        for status in ReplayStatus::ALL {
            assert_eq!(json!(status), json!(status.as_str()));
        }
    }
}
