//! How many requests from outside a bin takes: GCRA by governor, in each process by itself.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::BinId;
use domain::limits;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use crate::problem::{Code, Problem};

/// Bins whose use is remembered, some hundred bytes each.
const BINS_MAX: u64 = 20_000;
/// A bin that gets nothing for so long has its whole burst again, as it would have after a second.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// The use of all bins.
pub(crate) struct BinLimits(Cache<BinId, Arc<DefaultDirectRateLimiter>>);

impl fmt::Debug for BinLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinLimits").finish_non_exhaustive()
    }
}

impl Default for BinLimits {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(BINS_MAX).time_to_idle(KEPT_FOR).build())
    }
}

impl BinLimits {
    /// Takes room for a request.
    ///
    /// # Errors
    /// `429` when there is none now.
    pub(crate) fn take(&self, bin: BinId) -> Result<(), Problem> {
        let limiter = self.0.get_with(bin, || {
            let rate = NonZeroU32::new(limits::BIN_REQUESTS_PER_SECOND).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::direct(Quota::per_second(rate)))
        });
        limiter.check().map_err(|_| {
            let rate = limits::BIN_REQUESTS_PER_SECOND;
            let detail = format!("a bin takes {rate} requests per second; try again in 1 s");
            Problem::new(Code::RateLimited, detail).retry_after(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Timestamp;

    #[test]
    fn each_bin_takes_a_burst_of_its_own_and_no_more() {
        let limits = BinLimits::default();
        let [one, other] =
            [b"a", b"b"].map(|name| BinId::derive(Timestamp::from_unix_ms(1), &[name]));
        let burst = limits::BIN_REQUESTS_PER_SECOND as usize;
        let taken = (0..burst * 10).take_while(|_| limits.take(one).is_ok()).count();
        assert!((burst..burst * 10).contains(&taken), "{taken}");
        let refused = limits.take(one).expect_err("the burst is used");
        assert_eq!(refused.code(), Code::RateLimited);
        assert!(limits.take(other).is_ok());
    }
}
