//! How often an address may try to sign in: each process counts what failed by itself.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::problem::{Code, Problem};

/// Tries that may fail before an address has to wait.
const FAILURES_MAX: u32 = 10;
/// From the first failure on, until all are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// Addresses that are remembered, some hundred bytes each.
const ADDRESSES_MAX: u64 = 50_000;

/// What failed, by address.
pub(crate) struct SignInLimits(Cache<IpAddr, Arc<Failures>>);

struct Failures {
    since: Instant,
    count: AtomicU32,
}

/// A try that counts as a failure unless it is said to have succeeded.
#[must_use]
pub(crate) struct Try<'a> {
    limits: &'a SignInLimits,
    address: Option<IpAddr>,
}

impl fmt::Debug for SignInLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInLimits").finish_non_exhaustive()
    }
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(ADDRESSES_MAX).time_to_live(FORGOTTEN_AFTER).build())
    }
}

impl SignInLimits {
    /// Begins a try from an address.
    ///
    /// # Errors
    /// `429` when too many have failed.
    pub(crate) fn begin(&self, address: Option<IpAddr>) -> Result<Try<'_>, Problem> {
        let address = address.map(network_of);
        if let Some(address) = address {
            let begun = || Arc::new(Failures { since: Instant::now(), count: AtomicU32::new(0) });
            let failures = self.0.get_with(address, begun);
            // Counted before it is tried, so that many at once are as many.
            if failures.count.fetch_add(1, Ordering::SeqCst) >= FAILURES_MAX {
                let rest = FORGOTTEN_AFTER.saturating_sub(failures.since.elapsed());
                let seconds = u32::try_from(rest.as_secs() + 1).unwrap_or(u32::MAX);
                let detail = format!(
                    "too many keys from this address were unknown; try again in {seconds} s"
                );
                return Err(Problem::new(Code::RateLimited, detail).retry_after(seconds));
            }
        }
        Ok(Try { limits: self, address })
    }
}

impl Try<'_> {
    /// It was a known key: what failed before is forgotten.
    pub(crate) fn succeeded(self) {
        if let Some(address) = self.address {
            self.limits.0.invalidate(&address);
        }
    }
}

/// Whoever has an IPv6 address has all of its /64 (RFC 4291 section 2.5.4).
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        },
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    #[test]
    fn failures_of_one_network_are_counted_together_and_a_success_forgets_them() {
        let limits = SignInLimits::default();
        let (here, beside, elsewhere) =
            (address("2001:db8::1"), address("2001:db8::2"), address("2001:db8:0:1::1"));
        for _ in 0..FAILURES_MAX {
            drop(limits.begin(here).expect("a try"));
        }
        assert!(limits.begin(beside).is_err());
        limits.begin(elsewhere).expect("a try").succeeded();
        for _ in 1..FAILURES_MAX {
            drop(limits.begin(elsewhere).expect("a try"));
        }
        limits.begin(elsewhere).expect("the last one").succeeded();
        assert!(limits.begin(elsewhere).is_ok());
    }
}
