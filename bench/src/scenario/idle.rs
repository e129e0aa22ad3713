//! What a server costs that has nothing to do.

use anyhow::Result;

use super::stage::Stage;
use super::{Options, Run};
use crate::receiver::Answer;
use crate::targets::Bound;

pub(super) fn run(options: &Options) -> Result<Run> {
    let stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    stage.tenants("bench", 10, 1, &receiver)?;
    // The set-up's own work is over before the window begins.
    std::thread::sleep(options.warm_up);
    let before_s = stage.server.cpu_s()?;
    std::thread::sleep(options.window);
    let used_s = stage.server.cpu_s()? - before_s;
    let percent = used_s * 100.0 / options.window.as_secs_f64();

    let mut run = Run::default();
    let resident_mb = stage.server.memory()?.resident_mb;
    run.read("memory, idle", "MB", resident_mb, Bound::at_most(60.0, 25.0));
    run.read("CPU, idle", "% of a core", percent, Bound::AtMost { must: Some(1.0), goal: None });
    run.read("start to ready, new database", "ms", stage.server.ready_ms(), Bound::Told);
    Ok(run)
}
