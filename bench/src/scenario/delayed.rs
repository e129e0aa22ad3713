//! Whether deliveries that are due later cost the ready ones anything: half of them in ten minutes,
//! which is within what the queue may hold, half in two hours, which is not.
//!
//! They are made through the API, for as long as [`FILL`] at most: the report says how many there were.
//! The ready rate is taken without them, with them and without them again, each on a fresh server.

use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;

use super::stage::{Backlog, Stage, rfc3339};
use super::waiting::{read_rates, ready};
use super::{Options, Run};
use crate::receiver::Answer;
use crate::targets::Bound;

/// How long the delayed ones may be posted for.
const FILL: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_secs(10 * 60);
const LATER: Duration = Duration::from_secs(2 * 60 * 60);

/// The promise is for so many.
const PROMISED: f64 = 1_000_000.0;

pub(super) fn run(options: &Options) -> Result<Run> {
    let before = ready(options, &mut Stage::open(options)?)?;

    let mut stage = Stage::open(options)?;
    let nobody = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("delayed", 10, 1, &nobody)?;
    let (posted, now) = (Instant::now(), SystemTime::now());
    let backlog = Backlog {
        events: options.counts.delayed,
        deliver_at: vec![rfc3339(now + SOON), rfc3339(now + LATER)],
        within: FILL,
        may_be_less: true,
    };
    let sent = stage.post_backlog(&tenants, &backlog)?;
    let fill_s = posted.elapsed().as_secs_f64();
    let memory = stage.server.memory()?;
    let with = ready(options, &mut stage)?;
    let came_early = nobody.arrived() as f64;
    drop(stage);
    let after = ready(options, &mut Stage::open(options)?)?;

    let mut run = Run::default();
    read_rates(&mut run, "ready rate with none delayed", [&before, &after], &with);
    let all = Bound::AtLeast { must: None, goal: Some(PROMISED) };
    run.read("delayed", "deliveries", sent.accepted_count() as f64, all);
    run.read("time to post them", "s", fill_s, Bound::Told);
    run.read("delivered before their time", "deliveries", came_early, Bound::Never);
    run.read("memory with them delayed", "MB", memory.resident_mb, Bound::Told);
    with.read_common(&mut run);
    Ok(run)
}
