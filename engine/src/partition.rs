//! Postgres's partitions and their names. Ids carry their time, so that each day (UTC) is a range of ids:
//! `events_20260121`.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use domain::time::Timestamp;
use parking_lot::RwLock;

/// What a partition holds.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The days whose partitions statements name in place of their table: Postgres need not get every
/// partition ready then to find the one that a row belongs to. Retention never takes one of them: they
/// are today and the days ahead, as of the last hour.
#[derive(Debug, Clone)]
pub(crate) struct NamedDays(Arc<RwLock<Range<Timestamp>>>);

impl Default for NamedDays {
    /// None.
    fn default() -> Self {
        let never = Timestamp::from_unix_ms(0);
        Self(Arc::new(RwLock::new(never..never)))
    }
}

impl NamedDays {
    /// Says from when to when every day has all its partitions.
    pub(crate) fn are(&self, days: Range<Timestamp>) {
        *self.0.write() = days;
    }

    /// The beginning of the day of an instant, if its partitions may be named.
    pub(crate) fn of(&self, at: Timestamp) -> Option<Timestamp> {
        self.0.read().contains(&at).then(|| day_of(at))
    }
}

/// When the day (UTC) of an instant began.
pub(crate) fn day_of(at: Timestamp) -> Timestamp {
    let day_ms = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_ms(at.unix_ms() - at.unix_ms().rem_euclid(day_ms))
}

/// A table that has partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parent {
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

    /// The table itself, or the partition of a day that may be named.
    pub(crate) fn named(self, day: Option<Timestamp>) -> String {
        day.map_or_else(|| self.name().to_owned(), |day| self.partition(day))
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
    fn a_partition_is_named_for_days_that_are_there_only() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let days = NamedDays::default();
        assert_eq!(days.of(at("2026-01-21T12:00:00Z")), None);
        days.are(at("2026-01-21T00:00:00Z")..at("2026-01-23T00:00:00Z"));
        let named = |text| Parent::Events.named(days.of(at(text)));
        assert_eq!(named("2026-01-20T23:59:59.999Z"), "events");
        assert_eq!(named("2026-01-21T00:00:00Z"), "events_20260121");
        assert_eq!(named("2026-01-22T23:59:59.999Z"), "events_20260122");
        assert_eq!(named("2026-01-23T00:00:00Z"), "events");
    }

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
