//! How long a fault in the middle of a steady load is felt, and whether anything is lost by it.
//!
//! Nothing is restarted by hand, and the load goes on. What arrives late from the fault on is charged to
//! it, and so is what arrives again: a request that was cut off had arrived, but nobody knows how it
//! ended until it has been made again. The recovery is over with the last of those, and the run when
//! no delivery waits any more.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::stage::{Stage, Traffic, drained};
use super::{Options, Run};
use crate::api::Tenant;
use crate::clock::duration_ns;
use crate::generator::{Pace, Sent};
use crate::measure::every_arrival;
use crate::receiver::{Answer, Arrival};
use crate::server::Server;
use crate::targets::Bound;

const PER_SECOND: f64 = 300.0;

/// An arrival later than this after its event was sent is late.
const LATE: Duration = Duration::from_millis(500);

/// What is done to the server.
pub(super) struct Fault {
    workers: usize,
    answer: Answer,
    strike: fn(&mut Server) -> Result<()>,
    must_s: f64,
    goal_s: f64,
}

/// Redis is emptied.
pub(super) const EMPTIED: Fault = Fault {
    workers: 1,
    answer: Answer::Ok,
    strike: |server| server.empty_redis(),
    must_s: 60.0,
    goal_s: 10.0,
};

/// One of two workers is killed. The receiver takes its time, so that there is something in flight.
pub(super) const KILLED: Fault = Fault {
    workers: 2,
    answer: Answer::OkAfter(Duration::from_millis(300)),
    strike: Server::kill_worker,
    must_s: 120.0,
    goal_s: 30.0,
};

pub(super) fn run(options: &Options, fault: &Fault) -> Result<Run> {
    let mut stage = Stage::open_with_workers(options, fault.workers)?;
    let receiver = stage.receiver(fault.answer)?;
    let tenants = stage.tenants("bench", 10, 1, &receiver)?;
    let traffic = Traffic::single(&tenants, &receiver, Pace::Open { per_second: PER_SECOND });
    let running = stage.generate(&traffic, Duration::from_secs(600))?;
    std::thread::sleep(options.warm_up);
    let (struck_ns, struck) = (stage.clock.now_ns(), Instant::now());
    (fault.strike)(&mut stage.server)?;
    std::thread::sleep(options.window);
    let end_ns = stage.clock.now_ns();
    let sent = stage.stop(running)?;
    // What is lost for now may come back only after a lease, or at the next look at the database.
    let patient = Options {
        stalled: options.stalled.max(Duration::from_secs_f64(fault.must_s)),
        ..options.clone()
    };
    let outcome = drained(&patient, &receiver, &sent, 1, &(struck_ns..end_ns));
    let give_up = struck + options.window + patient.stalled;
    let unfinished = wait_until_finished(&stage, &tenants, give_up)? as f64;

    let mut run = Run::default();
    let arrivals = receiver.arrivals();
    let felt = Felt::of(&sent, &arrivals, struck_ns);
    let bound = Bound::at_most(fault.must_s, fault.goal_s);
    run.read("fault to the last late or repeated", "s", felt.lasted_s, bound);
    run.read("late", "deliveries", felt.late as f64, Bound::Told);
    run.read("repeated", "deliveries", felt.repeated as f64, Bound::Told);
    run.read("tenants with an unfinished one", "", unfinished, Bound::Never);
    run.read("send to arrival p50, from the fault", "ms", outcome.latency.p50_ms, Bound::Told);
    run.read("send to arrival p99, from the fault", "ms", outcome.latency.p99_ms, Bound::Told);
    run.read("missing", "deliveries", outcome.missing as f64, Bound::Never);
    let refused = (sent.refused + sent.unanswered) as f64;
    run.read("refused or unanswered", "events", refused, Bound::Told);
    Ok(run)
}

/// Waits until no tenant has a delivery that waits; returns how many still had one at the end.
fn wait_until_finished(stage: &Stage, tenants: &[Tenant], give_up: Instant) -> Result<usize> {
    loop {
        let mut unfinished = 0;
        for tenant in tenants {
            unfinished += usize::from(stage.server.api().has(tenant, "pending,retrying")?);
        }
        if unfinished == 0 || Instant::now() > give_up {
            return Ok(unfinished);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What of a fault was noticed by the receiver.
#[derive(Debug, Default, PartialEq)]
struct Felt {
    /// First arrivals from the fault on that were late.
    late: u64,
    /// Arrivals from the fault on that were not the first.
    repeated: u64,
    /// From the fault to the last of both.
    lasted_s: f64,
}

impl Felt {
    fn of(sent: &Sent, arrivals: &[Arrival], struck_ns: u64) -> Self {
        let mut felt = Self::default();
        for (index, at_ns, is_first) in every_arrival(sent, arrivals) {
            let waited_ns = at_ns.saturating_sub(sent.at_ns[index]);
            if at_ns < struck_ns || is_first && waited_ns <= duration_ns(LATE) {
                continue;
            }
            if is_first {
                felt.late += 1;
            } else {
                felt.repeated += 1;
            }
            felt.lasted_s = felt.lasted_s.max((at_ns - struck_ns) as f64 / 1e9);
        }
        felt
    }
}

#[cfg(test)]
mod tests {
    use super::Felt;
    use crate::generator::Sent;
    use crate::receiver::Arrival;

    #[test]
    fn a_fault_is_felt_until_the_last_late_or_repeated_arrival() {
        let second = 1_000_000_000;
        let sent = Sent { at_ns: vec![0, second, second, 3 * second], ..Sent::default() };
        let arrival = |seq, at_ns| Arrival { seq, lane: 0, at_ns };
        let mut arrivals = vec![
            arrival(0, second), // Late, but before the fault.
            arrival(1, 3 * second),
            arrival(3, 3 * second + 1),
            arrival(2, 4 * second),
        ];
        let felt = Felt::of(&sent, &arrivals, 2 * second);
        assert_eq!(felt, Felt { late: 2, repeated: 0, lasted_s: 2.0 });
        arrivals.push(arrival(1, 9 * second));
        let felt = Felt::of(&sent, &arrivals, 2 * second);
        assert_eq!(felt, Felt { late: 2, repeated: 1, lasted_s: 7.0 });
        assert_eq!(Felt::of(&sent, &arrivals, 10 * second), Felt::default());
    }
}
