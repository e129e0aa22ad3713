//! Whether an ordered subscription gets its events in their order from a receiver that fails now and then.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::stage::{Backlog, Stage, drained};
use super::{Options, Run};
use crate::receiver::{Answer, Arrival};
use crate::targets::Bound;

/// One request in so many fails.
const FAILS_EVERY: u32 = 20;

/// How long the last event may take that arrived and was refused.
const LAST_WAIT: Duration = Duration::from_secs(30);

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::FailsEvery(FAILS_EVERY))?;
    let tenants = stage.server.api().tenants("ordered", 1, &json!({}))?;
    let steps = [0.1; 5];
    let fields = json!({"ordered": true, "retry": {"schedule_s": steps, "jitter": 0}});
    stage.subscribe(&tenants, 1, &receiver, &fields)?;
    let start_ns = stage.clock.now_ns();
    let sent = stage.post_in_order(&tenants, &Backlog::of(options.counts.ordered))?;
    let all = drained(options, &receiver, &sent, 1, &(start_ns..start_ns + 1));
    let drained_at = Instant::now();
    let mut order = Order::of(&receiver.arrivals(), sent.first_seq);
    while order.acknowledged < sent.accepted_count() && drained_at.elapsed() < LAST_WAIT {
        std::thread::sleep(Duration::from_millis(50));
        order = Order::of(&receiver.arrivals(), sent.first_seq);
    }

    let mut run = Run::default();
    run.read("delivered", "deliveries/s", all.drained_per_second, Bound::Told);
    run.read("refused by the receiver", "", order.refused as f64, Bound::Told);
    run.read("arrived before its turn", "deliveries", order.out_of_turn as f64, Bound::Never);
    let missing = sent.accepted_count().abs_diff(order.acknowledged) as f64;
    run.read("not acknowledged once", "deliveries", missing, Bound::Never);
    Ok(run)
}

/// What arrived, against the order of what was posted.
#[derive(Debug, Default, PartialEq)]
struct Order {
    acknowledged: u64,
    refused: u64,
    /// Arrivals of another event than the first that was not acknowledged yet.
    out_of_turn: u64,
}

impl Order {
    fn of(arrivals: &[Arrival], first_seq: u32) -> Self {
        let (mut order, mut next) = (Self::default(), first_seq);
        for (arrival, count) in arrivals.iter().zip(1_u32..) {
            order.out_of_turn += u64::from(arrival.seq != next);
            if count.is_multiple_of(FAILS_EVERY) {
                order.refused += 1;
            } else {
                order.acknowledged += 1;
                next = arrival.seq + 1;
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, FAILS_EVERY, Order};

    #[test]
    fn a_refused_event_comes_again_before_the_next() {
        let of = |seqs: &[u32]| {
            let arrival = |seq: &u32| Arrival { seq: *seq, lane: 0, at_ns: 0 };
            Order::of(&seqs.iter().map(arrival).collect::<Vec<_>>(), 1)
        };
        let mut seqs: Vec<u32> = (1..=FAILS_EVERY).collect();
        seqs.push(FAILS_EVERY);
        let good = Order { acknowledged: 20, refused: 1, out_of_turn: 0 };
        assert_eq!(of(&seqs), good);
        *seqs.last_mut().expect("some") += 1;
        assert_eq!(of(&seqs), Order { out_of_turn: 1, ..good });
    }
}
