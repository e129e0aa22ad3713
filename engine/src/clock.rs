//! The one place that reads the system's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;

/// Tells what time it is; tests set it by hand.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Milliseconds added to the system's time.
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        // A system clock before 1970 is a broken machine; the epoch is as good as anything then.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2);
        Timestamp::from_unix_ms(ms + self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock ahead, for tests of what happens days later.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }
}
