//! What a server costs that has nothing to do, and how soon it is at work when something comes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::stage::{Stage, Traffic};
use super::{Options, Run};
use crate::generator::Pace;
use crate::measure::Latency;
use crate::receiver::Answer;
use crate::targets::Bound;

/// So few events that the server is idle before each.
const PER_SECOND: f64 = 10.0;

/// How long the last attempts may take to be recorded.
const RECORDED_WAIT: Duration = Duration::from_secs(30);

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("bench", 10, 1, &receiver)?;
    // The set-up's own work is over before the window begins.
    std::thread::sleep(options.warm_up);
    let before_s = stage.server.cpu_s()?;
    std::thread::sleep(options.window);
    let used_s = stage.server.cpu_s()? - before_s;
    let percent = used_s * 100.0 / options.window.as_secs_f64();
    let resident_mb = stage.server.memory()?.resident_mb;

    let traffic = Traffic::single(&tenants[..1], &receiver, Pace::Open { per_second: PER_SECOND });
    let measured = stage.measure(options, &traffic)?;
    stage.wait_recorded(&tenants[..1], Instant::now(), RECORDED_WAIT)?;
    let waits_ms = stage.server.api().queue_ms(&tenants[0])?;
    ensure!(!waits_ms.is_empty(), "no attempt says how long its delivery was due");
    let mut waits_ns: Vec<u64> = waits_ms.iter().map(|wait| (wait * 1e6) as u64).collect();

    let mut run = Run::default();
    run.read("memory, idle", "MB", resident_mb, Bound::at_most(60.0, 25.0));
    run.read("CPU, idle", "% of a core", percent, Bound::AtMost { must: Some(1.0), goal: None });
    run.read("start to ready, new database", "ms", stage.server.ready_ms(), Bound::Told);
    // Whole milliseconds, cut off, as attempts tell it: 0 is less than one.
    let pick_up_ms = Latency::of(&mut waits_ns).p95_ms;
    run.read("queue pick-up when idle p95", "ms", pick_up_ms, Bound::at_most(10.0, 1.0));
    let latency = measured.outcome.latency;
    run.read("send to arrival when idle p50", "ms", latency.p50_ms, Bound::Told);
    run.read("send to arrival when idle p95", "ms", latency.p95_ms, Bound::Told);
    run.read("missing", "deliveries", measured.outcome.missing as f64, Bound::Never);
    Ok(run)
}
