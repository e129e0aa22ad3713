//! Whether deliveries that wait for a distant retry cost the ready ones anything.
//!
//! A receiver that answers `503` with `Retry-After: 3600` makes them wait. The ready rate is taken
//! without them, with them and without them again, each on a fresh server, so that a drift of the
//! machine falls on both sides.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::stage::{Backlog, Measured, Stage, Traffic, drained};
use super::{Options, Run};
use crate::generator::Pace;
use crate::receiver::Answer;
use crate::targets::Bound;

/// How long the server may take, from the first post on, to record what the receiver has seen.
const RECORDED_WAIT: Duration = Duration::from_secs(300);

pub(super) fn run(options: &Options) -> Result<Run> {
    let before = ready(options, &mut Stage::open(options)?)?;

    let mut stage = Stage::open(options)?;
    let busy = stage.receiver(Answer::BusyForAnHour)?;
    let waiters = stage.tenants("waiting", 10, 1, &busy)?;
    let posted = Instant::now();
    let sent = stage.post_backlog(&waiters, &Backlog::of(options.counts.waiting))?;
    let parked = drained(options, &busy, &sent, 1, &(0..u64::MAX));
    ensure!(parked.missing == 0, "{} deliveries were never attempted", parked.missing);
    stage.wait_recorded(&waiters, posted, RECORDED_WAIT)?;
    let parked_s = posted.elapsed().as_secs_f64();
    let memory = stage.server.memory()?;
    let with = ready(options, &mut stage)?;
    drop(stage);
    let after = ready(options, &mut Stage::open(options)?)?;

    let mut run = Run::default();
    read_rates(&mut run, "ready rate with none waiting", [&before, &after], &with);
    run.read("waiting", "deliveries", f64::from(options.counts.waiting), Bound::Told);
    run.read("time to get them waiting", "s", parked_s, Bound::Told);
    run.read("memory with them waiting", "MB", memory.resident_mb, Bound::at_most(350.0, 150.0));
    run.read("memory while they came, peak", "MB", memory.peak_mb, Bound::Told);
    with.read_common(&mut run);
    Ok(run)
}

/// A saturating load of other tenants.
pub(super) fn ready(options: &Options, stage: &mut Stage) -> Result<Measured> {
    let receiver = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("ready", 10, 1, &receiver)?;
    let pace = Pace::Closed { connections: options.connections };
    stage.measure(options, &Traffic::single(&tenants, &receiver, pace))
}

/// The ready rate without the others, with them, and how much of it is kept.
pub(super) fn read_rates(
    run: &mut Run,
    none: &'static str,
    without: [&Measured; 2],
    with: &Measured,
) {
    let rate = |measured: &Measured| measured.outcome.delivered_per_second;
    let [before, after] = without.map(rate);
    let without = f64::midpoint(before, after);
    let kept_percent = rate(with) * 100.0 / without.max(1.0);
    run.read(none, "deliveries/s", without, Bound::Told);
    run.read("ready rate beside them", "deliveries/s", rate(with), Bound::Told);
    run.read("kept of the ready rate", "%", kept_percent, Bound::at_least(95.0, 99.0));
}
