//! How many events a tenant may post: GCRA by governor, in each process by itself.
//!
//! Whoever is limited is told what is left in the fields `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use domain::ids::TenantId;
use domain::invalid::Invalid;
use domain::tenant::RateLimit;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::sync::Cache;

use crate::problem::{Code, Problem};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Tenants whose use is remembered, some hundred bytes each.
const TENANTS_MAX: u64 = 20_000;
/// A tenant that posts nothing for so long has its whole burst again.
const KEPT_FOR: Duration = Duration::from_secs(3600);

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// A tenant's use, under the limit that it has had so far.
struct Used {
    limit: RateLimit,
    limiter: Limiter,
}

/// The use of all tenants that are limited.
pub(crate) struct IngestLimits {
    used: Cache<TenantId, Arc<Used>>,
    clock: DefaultClock,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    limit: RateLimit,
    left: u32,
}

impl fmt::Debug for IngestLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IngestLimits").finish_non_exhaustive()
    }
}

impl Default for IngestLimits {
    fn default() -> Self {
        let used = Cache::builder().max_capacity(TENANTS_MAX).time_to_idle(KEPT_FOR).build();
        Self { used, clock: DefaultClock::default() }
    }
}

impl IngestLimits {
    /// Takes room for so many events of a tenant; what is left then, if there is a limit.
    ///
    /// # Errors
    /// `429` when there is no room now, `422` when there never will be for so many at once.
    pub(crate) fn take(
        &self,
        tenant: TenantId,
        limit: Option<RateLimit>,
        events: usize,
    ) -> Result<Option<Allowance>, Problem> {
        let Some(limit) = limit else { return Ok(None) };
        let Some(count) = u32::try_from(events).ok().and_then(NonZeroU32::new) else {
            return Ok(None);
        };
        let used = self.used_of(tenant, limit);
        match used.limiter.check_n(count) {
            Ok(Ok(state)) => Ok(Some(Allowance { limit, left: state.remaining_burst_capacity() })),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(self.clock.now());
                Err(refused(Allowance { limit, left: 0 }, wait))
            }
            Err(_) => {
                let detail = format!(
                    "has {events} events; the tenant's ingest_rate_limit takes at most {} at once",
                    limit.burst()
                );
                Err(Invalid::one("/events", detail).into())
            }
        }
    }

    /// Waits until there is room for one more event of a tenant, and takes it.
    pub(crate) async fn wait_for(&self, tenant: TenantId, limit: Option<RateLimit>) {
        let Some(limit) = limit else { return };
        let used = self.used_of(tenant, limit);
        while let Err(not_until) = used.limiter.check() {
            tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await;
        }
    }

    fn used_of(&self, tenant: TenantId, limit: RateLimit) -> Arc<Used> {
        if let Some(used) = self.used.get(&tenant).filter(|used| used.limit == limit) {
            return used;
        }
        // Two requests that make it at once may both start with a whole burst.
        let used = Arc::new(Used { limit, limiter: limiter(limit) });
        self.used.insert(tenant, used.clone());
        used
    }
}

fn limiter(limit: RateLimit) -> Limiter {
    let period = Duration::from_secs_f64(1.0 / limit.per_second());
    let burst = NonZeroU32::new(limit.burst()).unwrap_or(NonZeroU32::MIN);
    // Never zero: a rate is at most 100,000 per second.
    let quota =
        Quota::with_period(period).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst);
    RateLimiter::direct(quota).with_middleware()
}

fn refused(allowance: Allowance, wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1);
    let detail = format!(
        "the tenant may post {} events per second; try again in {seconds} s",
        allowance.limit.per_second()
    );
    Problem::new(Code::RateLimited, detail).retry_after(seconds).allowance(allowance)
}

impl Allowance {
    /// The fields that tell of it.
    pub(crate) fn headers(&self) -> [(HeaderName, HeaderValue); 2] {
        let seconds = |events: u32| (f64::from(events) / self.limit.per_second()).ceil();
        let (burst, left) = (self.limit.burst(), self.left);
        let policy = format!("\"events\";q={burst};w={}", seconds(burst).max(1.0));
        let now = format!("\"events\";r={left};t={}", seconds(burst.saturating_sub(left)));
        let value = |text: String| HeaderValue::try_from(text).expect("digits and quotes");
        [(POLICY, value(policy)), (LEFT, value(now))]
    }
}

/// The answer, telling what is left of a limit if there is one.
pub(crate) fn tell(mut response: HttpResponse, allowance: Option<Allowance>) -> HttpResponse {
    for (name, value) in allowance.iter().flat_map(Allowance::headers) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn limit(per_second: f64, burst: u32) -> Option<RateLimit> {
        RateLimit::new(per_second, Some(burst)).ok()
    }

    #[test]
    fn a_burst_is_taken_and_the_next_one_is_refused_until_then() {
        let limits = IngestLimits::default();
        let [one, other] = [1, 2].map(|n| TenantId(Uuid::from_u128(n)));
        assert!(limits.take(one, None, 1_000_000).expect("no limit").is_none());
        let left = limits.take(one, limit(0.1, 5), 4).expect("room").expect("a limit");
        let [(_, policy), (_, now)] = left.headers();
        assert_eq!(
            (policy, now),
            (
                HeaderValue::from_static("\"events\";q=5;w=50"),
                HeaderValue::from_static("\"events\";r=1;t=40")
            )
        );
        let refused = limits.take(one, limit(0.1, 5), 2).expect_err("one is left");
        assert_eq!(refused.code(), Code::RateLimited);
        assert!(limits.take(other, limit(0.1, 5), 5).is_ok(), "each tenant has its own");
        let never = limits.take(one, limit(0.1, 5), 6).expect_err("more than a burst");
        assert_eq!(never.code(), Code::Invalid);
        assert!(limits.take(one, limit(0.1, 6), 6).is_ok(), "another limit begins anew");
    }
}
