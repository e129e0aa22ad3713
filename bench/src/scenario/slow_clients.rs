//! What clients that hold on to their connections cost the others.

use anyhow::Result;

use super::stage::{Stage, Traffic};
use super::{Options, Run};
use crate::generator::Pace;
use crate::receiver::Answer;
use crate::slow_clients::SlowClients;
use crate::targets::Bound;

/// Events per second of those who are honest.
const HONEST_PER_SECOND: f64 = 300.0;

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("honest", 10, 1, &receiver)?;
    let traffic =
        Traffic::single(&tenants, &receiver, Pace::Open { per_second: HONEST_PER_SECOND });
    let alone = stage.measure(options, &traffic)?;

    let slow = stage.tenants("slow", 1, 1, &receiver)?;
    let (idle, dripping) = (options.counts.idle_clients, options.counts.dripping_clients);
    let clients = SlowClients::start(stage.server.address(), &slow[0].key, idle, dripping)?;
    let beside = stage.measure(options, &traffic)?;
    let reopened = clients.stop()?;

    let mut run = Run::default();
    let (alone, latency) = (alone.outcome.latency, beside.outcome.latency);
    run.read("p95 alone", "ms", alone.p95_ms, Bound::Told);
    run.read("p95 beside", "ms", latency.p95_ms, Bound::Told);
    let must = Bound::AtMost { must: Some(2.0), goal: Some(1.2) };
    run.read("p95 beside / alone", "x", latency.p95_ms / alone.p95_ms.max(0.001), must);
    run.read("idle connections", "", f64::from(idle), Bound::Told);
    run.read("dripping connections", "", f64::from(dripping), Bound::Told);
    run.read("closed by the server meanwhile", "", reopened as f64, Bound::Told);
    run.read("memory, peak", "MB", stage.server.memory()?.peak_mb, Bound::Told);
    beside.read_common(&mut run);
    Ok(run)
}
