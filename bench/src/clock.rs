//! One clock for sends and arrivals: nanoseconds since the bench began.
//!
//! Generator and receiver are threads of one process, so an arrival minus a send is exact; wall
//! clocks, which may be set while a run goes on, take no part.

use std::time::{Duration, Instant};

/// Counts nanoseconds from the instant of its making; copies share that instant.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that starts at zero now.
    #[must_use]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        duration_ns(self.origin.elapsed())
    }
}

/// A duration in nanoseconds; what would not fit (584 years) counts as the most that does.
#[must_use]
pub fn duration_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
