//! GCRA by the book, in nanoseconds.

use std::time::Duration;

use domain::tenant::RateLimit;
use queue::memory::moment::Moment;

#[derive(Default)]
pub(super) struct Rate {
    pub(super) limit: Option<RateLimit>,
    pub(super) tat: u64,
}

impl Rate {
    pub(super) fn set(&mut self, limit: Option<RateLimit>, now: Moment) {
        if let (Some(new), Some(_)) = (limit, self.limit.filter(|old| Some(*old) != limit)) {
            self.tat = self.tat.min(now.nanos() + period(new) * u64::from(new.burst()));
        } else if self.limit.is_none() || limit.is_none() {
            self.tat = 0;
        }
        self.limit = limit;
    }

    pub(super) fn allows(&self, now: Moment) -> bool {
        self.limit.is_none_or(|limit| {
            let tolerance = period(limit) * u64::from(limit.burst() - 1);
            now.nanos() >= self.tat.saturating_sub(tolerance)
        })
    }

    pub(super) fn take(&mut self, now: Moment) {
        if let Some(limit) = self.limit {
            self.tat = self.tat.max(now.nanos()) + period(limit);
        }
    }
}

fn period(limit: RateLimit) -> u64 {
    u64::try_from(Duration::from_secs_f64(1.0 / limit.per_second()).as_nanos()).unwrap_or(u64::MAX)
}
