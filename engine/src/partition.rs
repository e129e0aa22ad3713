//! Postgres's partitions and their names. Ids carry their time, so that each day (UTC) is a range of ids:
//! `events_20260121`.

use std::time::Duration;

use domain::time::Timestamp;

/// What a partition holds.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A table that has partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Parent {
    Deliveries,
    Attempts,
    Events,
}

impl Parent {
    pub(crate) const ALL: [Self; 3] = [Self::Deliveries, Self::Attempts, Self::Events];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Attempts => "attempts",
            Self::Events => "events",
        }
    }

    /// The name of the partition of the day that begins at an instant.
    pub(crate) fn partition(self, day: Timestamp) -> String {
        let date: String = day.to_string().chars().take(10).filter(char::is_ascii_digit).collect();
        format!("{}_{date}", self.name())
    }
}

/// What a partition's name says.
pub(crate) fn parent_and_day(partition: &str) -> Option<(Parent, Timestamp)> {
    let (name, day) = partition.split_once('_')?;
    let parent = Parent::ALL.into_iter().find(|parent| parent.name() == name)?;
    let (year, month, of_month) = (day.get(..4)?, day.get(4..6)?, day.get(6..)?);
    let day: Timestamp = format!("{year}-{month}-{of_month}T00:00:00Z").parse().ok()?;
    (parent.partition(day) == partition).then_some((parent, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_known_by_its_name() {
        let day: Timestamp = "2026-01-21T00:00:00Z".parse().expect("an instant");
        assert_eq!(parent_and_day("attempts_20260121"), Some((Parent::Attempts, day)));
        for other in [
            "attempts_default",
            "attempts_2026-01-21",
            "events_20260231",
            "events_2026012",
            "events",
            "x_20260121",
        ] {
            assert_eq!(parent_and_day(other), None, "{other}");
        }
    }
}
