//! The bare ceiling: sign and POST to the same receiver on kept-alive connections, nothing stored.
//!
//! This is the most that the machine could deliver if accepting, storing and choosing cost nothing.
//! The gate is the raw client, the fastest that the bench has; reqwest beside it shows what a
//! comfortable client costs, and is never what a share is taken of.

mod comfortable;
mod signed;

use std::time::Duration;

use anyhow::Result;

pub use self::comfortable::with_reqwest;
use self::signed::SignedPosts;
use crate::clock::{Clock, duration_ns};
use crate::generator::{self, Load, Pace};
use crate::receiver::{Answer, Receiver};

/// Requests in flight.
pub const IN_FLIGHT: usize = 32;

/// Below this the run is void: the machine was busy with something else, or is not one that the
/// published figures can be set beside. In deliveries per second.
pub const FLOOR_PER_SECOND: f64 = 45_000.0;

/// Time before counting starts: connections open, caches fill.
pub(crate) const WARM_UP: Duration = Duration::from_millis(500);

/// Deliveries per second of the raw client.
///
/// # Errors
/// When the machine gives no socket or thread.
pub fn raw(duration: Duration) -> Result<f64> {
    let clock = Clock::start();
    let receiver = Receiver::start(Answer::Ok, clock)?;
    let load = Load {
        target: receiver.address(),
        pace: Pace::Closed { connections: IN_FLIGHT },
        first_seq: 0,
        duration: WARM_UP + duration,
        requests_max: None,
    };
    generator::start(load, SignedPosts::new()?, clock)?.finish()?;
    Ok(per_second(&receiver, 0, duration))
}

/// Arrivals per second, from the end of the warm-up on.
pub(crate) fn per_second(receiver: &Receiver, start_ns: u64, duration: Duration) -> f64 {
    let from_ns = start_ns + duration_ns(WARM_UP);
    let window = from_ns..from_ns + duration_ns(duration);
    let arrivals = receiver.arrivals();
    let count = arrivals.iter().filter(|arrival| window.contains(&arrival.at_ns)).count();
    count as f64 / duration.as_secs_f64()
}
