//! Whether a tenant's rate limit holds over two worker processes, and costs another tenant nothing.
//!
//! The rate is counted from one second after the first delivery, when the burst is spent.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::neighbour::{read_both, steady};
use super::stage::{Backlog, Stage, drained};
use super::{Options, Run};
use crate::clock::duration_ns;
use crate::receiver::{Answer, Receiver};
use crate::targets::Bound;

const WORKERS: usize = 2;

/// What the tenant may do, and what it is held to.
const PER_SECOND: u32 = 50;
const BURST: u32 = 5;
const HELD_TO: Bound = Bound::Between { low: 45.0, high: 52.0 };

/// How long the burst is given to be over.
const SETTLE: Duration = Duration::from_secs(1);

/// How long the first delivery may take.
const FIRST_WAIT: Duration = Duration::from_secs(30);

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open_with_workers(options, WORKERS)?;
    let (receiver, fast_receiver) = (stage.receiver(Answer::Ok)?, stage.receiver(Answer::Ok)?);
    let fast = stage.tenants("fast", 1, 1, &fast_receiver)?;
    let alone = steady(options, &mut stage, &fast, &fast_receiver)?;

    let limit = json!({"rate_limit": {"per_second": PER_SECOND, "burst": BURST}});
    let limited = stage.server.api().tenants("limited", 1, &limit)?;
    stage.subscribe(&limited, 1, &receiver, &json!({}))?;
    let sent = stage.post_backlog(&limited, &Backlog::of(options.counts.limited_backlog))?;
    let from_ns = first_arrival_ns(&receiver)? + duration_ns(SETTLE);
    let window = from_ns..from_ns + duration_ns(options.limited_window);
    let beside = steady(options, &mut stage, &fast, &fast_receiver)?;
    let rest_ns = window.end.saturating_sub(stage.clock.now_ns());
    std::thread::sleep(Duration::from_nanos(rest_ns));
    let all = drained(options, &receiver, &sent, 1, &window);

    let mut run = Run::default();
    run.read("limited tenant", "per s", all.delivered_per_second, HELD_TO);
    read_both(&alone, &beside, &mut run);
    run.read("missing, limited tenant", "deliveries", all.missing as f64, Bound::Never);
    run.read("duplicates, limited tenant", "deliveries", all.duplicates as f64, Bound::NONE);
    beside.read_common(&mut run);
    Ok(run)
}

fn first_arrival_ns(receiver: &Receiver) -> Result<u64> {
    let posted = Instant::now();
    loop {
        if let Some(first) = receiver.arrivals().first() {
            return Ok(first.at_ns);
        }
        ensure!(posted.elapsed() < FIRST_WAIT, "nothing of the limited tenant arrived");
        std::thread::sleep(Duration::from_millis(1));
    }
}
