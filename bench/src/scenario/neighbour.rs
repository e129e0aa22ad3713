//! Whether slow receivers of some tenants delay another tenant's deliveries.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::stage::{Backlog, Measured, Stage, Traffic};
use super::{Options, Run};
use crate::api::Tenant;
use crate::generator::Pace;
use crate::receiver::{Answer, Receiver};
use crate::targets::Bound;

/// Events per second of the tenant that must not be delayed.
const FAST_PER_SECOND: f64 = 20.0;

/// How long the first delivery to a slow receiver may take to show up.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// Who is slow.
pub(super) struct Crowd {
    tenants: usize,
    subscriptions: u16,
    answer_after: Duration,
}

/// One tenant with a receiver that takes 5 s.
pub(super) const ONE: Crowd =
    Crowd { tenants: 1, subscriptions: 1, answer_after: Duration::from_secs(5) };

/// A hundred subscriptions of twenty tenants whose receivers take 15 s.
pub(super) const MANY: Crowd =
    Crowd { tenants: 20, subscriptions: 5, answer_after: Duration::from_secs(15) };

pub(super) fn run(options: &Options, crowd: &Crowd) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    let fast = stage.tenants("fast", 1, 1, &receiver)?;
    let alone = steady(options, &mut stage, &fast, &receiver)?;

    let slow_receiver = stage.receiver(Answer::OkAfter(crowd.answer_after))?;
    let slow = stage.tenants("slow", crowd.tenants, crowd.subscriptions, &slow_receiver)?;
    let events = options.counts.slow_backlog / u32::from(crowd.subscriptions);
    stage.post_backlog(&slow, &Backlog::of(events))?;
    let posted = Instant::now();
    while slow_receiver.arrived() == 0 {
        ensure!(posted.elapsed() < FIRST_WAIT, "nothing reached the slow receiver");
        std::thread::sleep(Duration::from_millis(10));
    }
    let beside = steady(options, &mut stage, &fast, &receiver)?;

    let mut run = Run::default();
    read_both(&alone, &beside, &mut run);
    let reached = slow_receiver.arrived() as f64;
    run.read("requests at the slow receivers", "", reached, Bound::Told);
    run.read("memory, peak", "MB", stage.server.memory()?.peak_mb, Bound::Told);
    beside.read_common(&mut run);
    Ok(run)
}

/// What the fast tenant saw alone and beside others, held to the same bounds whoever these are.
pub(super) fn read_both(alone: &Measured, beside: &Measured, run: &mut Run) {
    let (alone, beside) = (alone.outcome.latency, beside.outcome.latency);
    run.read("p95 alone", "ms", alone.p95_ms, Bound::Told);
    run.read("p50 beside", "ms", beside.p50_ms, Bound::Told);
    let must = Bound::AtMost { must: Some(250.0), goal: None };
    run.read("p95 beside", "ms", beside.p95_ms, must);
    run.read("p99 beside", "ms", beside.p99_ms, Bound::Told);
    let goal = Bound::AtMost { must: None, goal: Some(2.0) };
    run.read("p95 beside / alone", "x", beside.p95_ms / alone.p95_ms.max(0.001), goal);
}

/// The fast tenant's load.
pub(super) fn steady(
    options: &Options,
    stage: &mut Stage,
    tenants: &[Tenant],
    receiver: &Receiver,
) -> Result<Measured> {
    let pace = Pace::Open { per_second: FAST_PER_SECOND };
    stage.measure(options, &Traffic::single(tenants, receiver, pace))
}
