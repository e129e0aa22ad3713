//! How soon an event arrives when events come at a rate that does not depend on the server.

use anyhow::Result;

use super::stage::{Stage, Traffic};
use super::{Options, Run};
use crate::generator::Pace;
use crate::measure::Latency;
use crate::receiver::Answer;
use crate::targets::Bound;

/// `p95` is must and goal, in milliseconds.
pub(super) fn run(options: &Options, per_second: f64, p95: (f64, f64), p50: Bound) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("bench", 10, 1, &receiver)?;
    let traffic = Traffic::single(&tenants, &receiver, Pace::Open { per_second });
    let measured = stage.measure(options, &traffic)?;
    let (outcome, mut late_ns) = (&measured.outcome, measured.sent.late_ns.clone());

    let mut run = Run::default();
    run.read("send to arrival p50", "ms", outcome.latency.p50_ms, p50);
    run.read("send to arrival p95", "ms", outcome.latency.p95_ms, Bound::at_most(p95.0, p95.1));
    run.read("send to arrival p99", "ms", outcome.latency.p99_ms, Bound::Told);
    run.read("accepted", "events/s", outcome.accepted_per_second, Bound::Told);
    run.read("delivered", "deliveries/s", outcome.delivered_per_second, Bound::Told);
    // A generator that is itself behind measures the machine, not the server; so it is told.
    let late_ms = Latency::of(&mut late_ns).p99_ms;
    run.read("generator behind its clock p99", "ms", late_ms, Bound::Told);
    run.read("memory, peak", "MB", stage.server.memory()?.peak_mb, Bound::Told);
    measured.read_common(&mut run);
    Ok(run)
}
