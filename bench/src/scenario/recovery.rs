//! How long a fault in the middle of a steady load is felt, and whether anything is lost by it.
//!
//! Nothing is restarted by hand, and the load goes on. What arrives late, from the fault on, is charged
//! to it; the recovery is over with the last of those.

use std::time::Duration;

use anyhow::Result;

use super::stage::{Stage, Traffic, drained};
use super::{Options, Run};
use crate::clock::duration_ns;
use crate::generator::{Pace, Sent};
use crate::measure::first_arrivals;
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
    answer: Answer::OkAfter(Duration::from_millis(100)),
    strike: Server::kill_worker,
    must_s: 120.0,
    goal_s: 30.0,
};

pub(super) fn run(options: &Options, fault: &Fault) -> Result<Run> {
    let mut stage = Stage::open_with_workers(options, fault.workers)?;
    let receiver = stage.receiver(fault.answer)?;
    let tenants = stage.tenants("bench", 10, 1, &receiver)?;
    let traffic = Traffic {
        tenants: &tenants,
        receiver: &receiver,
        pace: Pace::Open { per_second: PER_SECOND },
        events_per_request: 1,
        lanes: 1,
    };
    let running = stage.generate(&traffic, Duration::from_secs(600))?;
    std::thread::sleep(options.warm_up);
    let struck_ns = stage.clock.now_ns();
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

    let mut run = Run::default();
    let (late, felt_s) = felt(&sent, &receiver.arrivals(), struck_ns);
    let bound = Bound::at_most(fault.must_s, fault.goal_s);
    run.read("fault to the last late arrival", "s", felt_s, bound);
    run.read("late", "deliveries", late as f64, Bound::Told);
    run.read("send to arrival p50, from the fault", "ms", outcome.latency.p50_ms, Bound::Told);
    run.read("send to arrival p99, from the fault", "ms", outcome.latency.p99_ms, Bound::Told);
    run.read("missing", "deliveries", outcome.missing as f64, Bound::Never);
    run.read("duplicates", "deliveries", outcome.duplicates as f64, Bound::Told);
    let refused = (sent.refused + sent.unanswered) as f64;
    run.read("refused or unanswered", "events", refused, Bound::Told);
    Ok(run)
}

/// How many first arrivals were late from the fault on, and how long after it the last of them came.
fn felt(sent: &Sent, arrivals: &[Arrival], struck_ns: u64) -> (u64, f64) {
    let (mut late, mut last_ns) = (0, struck_ns);
    for (index, at_ns) in first_arrivals(sent, arrivals) {
        let waited_ns = at_ns.saturating_sub(sent.at_ns[index]);
        if at_ns >= struck_ns && waited_ns > duration_ns(LATE) {
            late += 1;
            last_ns = last_ns.max(at_ns);
        }
    }
    (late, (last_ns - struck_ns) as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::felt;
    use crate::generator::Sent;
    use crate::receiver::Arrival;

    #[test]
    fn a_fault_is_felt_until_the_last_late_arrival() {
        let second = 1_000_000_000;
        let sent = Sent { at_ns: vec![0, second, second, 3 * second], ..Sent::default() };
        let arrival = |seq, at_ns| Arrival { seq, lane: 0, at_ns };
        let arrivals = [
            arrival(0, second), // Late, but before the fault.
            arrival(1, 3 * second),
            arrival(3, 3 * second + 1),
            arrival(2, 4 * second),
            arrival(1, 9 * second), // Again: the first time counts.
        ];
        assert_eq!(felt(&sent, &arrivals, 2 * second), (2, 2.0));
        assert_eq!(felt(&sent, &arrivals, 8 * second), (0, 0.0));
    }
}
