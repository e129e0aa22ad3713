//! The bounds that figures are held to: "must" decides the exit status, "goal" is where we are going.

use serde::Serialize;

/// Deliveries of a peer as a share of the ceiling, measured on one machine in one script: Svix server
/// 1.99 with Postgres and Redis, saturated by single events. In percent.
pub const SVIX_PERCENT: f64 = 1.8;

/// The same peer's share with one event going to ten endpoints. In percent.
pub const SVIX_FAN_OUT_PERCENT: f64 = 5.4;

/// How a figure is judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Bound {
    /// It is only told.
    Told,
    /// The median of the runs must not be above.
    AtMost {
        /// Missing it fails the run.
        must: Option<f64>,
        /// Missing it is told.
        goal: Option<f64>,
    },
    /// The median of the runs must not be below.
    AtLeast {
        /// Missing it fails the run.
        must: Option<f64>,
        /// Missing it is told.
        goal: Option<f64>,
    },
    /// The median of the runs must be in between; missing it fails the run.
    Between {
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// The median as a share of the ceiling must not be below.
    OfCeiling {
        /// In percent; missing it fails the run.
        must: f64,
        /// In percent; missing it is told.
        goal: f64,
        /// In percent: what the peer reaches.
        svix: f64,
    },
    /// Zero in every single run, not only in the median.
    Never,
}

/// What came of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There was nothing to judge.
    Told,
    /// Must and goal are met.
    Goal,
    /// The must is met.
    Met,
    /// Only a goal was set, and it is not met.
    Below,
    /// The must is not met.
    Missed,
}

impl Bound {
    /// There must be none.
    pub const NONE: Self = Self::AtMost { must: Some(0.0), goal: None };

    /// Must and goal as upper bounds.
    #[must_use]
    pub const fn at_most(must: f64, goal: f64) -> Self {
        Self::AtMost { must: Some(must), goal: Some(goal) }
    }

    /// Must and goal as lower bounds.
    #[must_use]
    pub const fn at_least(must: f64, goal: f64) -> Self {
        Self::AtLeast { must: Some(must), goal: Some(goal) }
    }

    /// Judges a figure by the median and the worst of its runs; `ceiling` is in the figure's own unit.
    #[must_use]
    pub fn judge(self, median: f64, worst: f64, ceiling: f64) -> Verdict {
        match self {
            Self::Told => Verdict::Told,
            Self::AtMost { must, goal } => {
                verdict(must.map(|must| median <= must), goal.map(|goal| median <= goal))
            }
            Self::AtLeast { must, goal } => {
                verdict(must.map(|must| median >= must), goal.map(|goal| median >= goal))
            }
            Self::Between { low, high } => {
                verdict(Some(median >= low && median <= high), Some(true))
            }
            Self::OfCeiling { must, goal, .. } => {
                let percent = median * 100.0 / ceiling;
                verdict(Some(percent >= must), Some(percent >= goal))
            }
            Self::Never if worst == 0.0 => Verdict::Goal,
            Self::Never => Verdict::Missed,
        }
    }
}

fn verdict(must: Option<bool>, goal: Option<bool>) -> Verdict {
    match (must, goal) {
        (Some(false), _) => Verdict::Missed,
        (_, Some(true)) => Verdict::Goal,
        (Some(true), _) => Verdict::Met,
        (None, Some(false)) => Verdict::Below,
        (None, None) => Verdict::Told,
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Verdict};

    #[test]
    fn a_must_fails_and_a_goal_is_told() {
        let latency = Bound::at_most(12.0, 5.0);
        assert_eq!(latency.judge(13.0, 13.0, 1.0), Verdict::Missed);
        assert_eq!(latency.judge(12.0, 90.0, 1.0), Verdict::Met);
        assert_eq!(latency.judge(5.0, 5.0, 1.0), Verdict::Goal);
        let goal_alone = Bound::AtMost { must: None, goal: Some(2.0) };
        assert_eq!(goal_alone.judge(3.0, 3.0, 1.0), Verdict::Below);
        let between = Bound::Between { low: 45.0, high: 52.0 };
        assert_eq!(between.judge(52.0, 60.0, 1.0), Verdict::Goal);
        assert_eq!(between.judge(52.1, 52.1, 1.0), Verdict::Missed);
        assert_eq!(between.judge(44.9, 50.0, 1.0), Verdict::Missed);
        assert_eq!(Bound::at_least(2_900.0, 8_000.0).judge(2_899.0, 0.0, 1.0), Verdict::Missed);
    }

    #[test]
    fn a_share_is_taken_of_the_ceiling() {
        let share = Bound::OfCeiling { must: 8.0, goal: 20.0, svix: 1.8 };
        assert_eq!(share.judge(4_000.0, 0.0, 60_000.0), Verdict::Missed);
        assert_eq!(share.judge(4_800.0, 0.0, 60_000.0), Verdict::Met);
        assert_eq!(share.judge(12_000.0, 0.0, 60_000.0), Verdict::Goal);
    }

    #[test]
    fn a_loss_in_one_run_is_not_outvoted_by_the_others() {
        assert_eq!(Bound::Never.judge(0.0, 1.0, 1.0), Verdict::Missed);
        assert_eq!(Bound::Never.judge(0.0, 0.0, 1.0), Verdict::Goal);
    }
}
