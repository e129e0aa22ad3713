//! What a delivery costs in Redis while it is due, while it is delayed, and once it is done.
//!
//! The lanes exist and have each carried something before the first reading, so that what is read is
//! the deliveries' and not the lanes'. No lane is given more than the queue holds of one: the rest
//! of a longer backlog is in the database alone and costs Redis nothing.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use serde_json::json;

use super::stage::{Backlog, Stage, drained, rfc3339};
use super::{Options, Run};
use crate::api::Tenant;
use crate::receiver::{Answer, Receiver};
use crate::targets::Bound;

const TENANTS: usize = 10;
const SUBSCRIPTIONS: u16 = 10;

/// For each lane; with the one that came before it they are less than the queue's window of 128.
const HELD_PER_LANE: u32 = 100;

/// Longer than the reading takes.
const SLOW: Duration = Duration::from_secs(10);
const DELAY: Duration = Duration::from_secs(10 * 60);

/// When what Redis holds has been the same for so long, it is at rest.
const REST: Duration = Duration::from_millis(500);
const REST_WAIT: Duration = Duration::from_secs(30);

/// Differences below this are the same lanes' bookkeeping, in bytes.
const SAME: f64 = 16_384.0;

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let (fast, slow) = (stage.receiver(Answer::Ok)?, stage.receiver(Answer::OkAfter(SLOW))?);
    let done = stage.tenants("done", TENANTS, 1, &fast)?;
    let delayed = group(&stage, "delayed", &fast)?;
    let ready = group(&stage, "ready", &slow)?;

    finish(options, &mut stage, &done, &fast, 100 * TENANTS as u32)?;
    hold(&mut stage, &delayed, 1, DELAY)?;
    hold(&mut stage, &ready, 1, DELAY)?;
    let idle = at_rest(&stage)?;
    finish(options, &mut stage, &done, &fast, options.counts.finished)?;
    let after_done = at_rest(&stage)?;
    let delayed_count = hold(&mut stage, &delayed, HELD_PER_LANE, DELAY)?;
    let with_delayed = at_rest(&stage)?;
    let ready_count = hold(&mut stage, &ready, HELD_PER_LANE, Duration::ZERO)?;
    let with_ready = at_rest(&stage)?;

    let mut run = Run::default();
    let above_idle_mb = (after_done - idle) / 1e6;
    let per_ready = (with_ready - with_delayed) / ready_count;
    run.read("Redis for each that is ready", "bytes", per_ready, Bound::at_most(150.0, 60.0));
    let per_delayed = (with_delayed - after_done) / delayed_count;
    run.read("Redis for each that is delayed", "bytes", per_delayed, Bound::at_most(250.0, 150.0));
    let finished = f64::from(options.counts.finished);
    let back = Bound::Between { low: -1.0, high: 1.0 };
    run.read("Redis above idle once all is done", "MB", above_idle_mb, back);
    run.read("done meanwhile", "deliveries", finished, Bound::Told);
    run.read("Redis when idle, lanes told", "MB", idle / 1e6, Bound::Told);
    run.read("lanes", "", TENANTS as f64 * f64::from(1 + 2 * SUBSCRIPTIONS), Bound::Told);
    Ok(run)
}

/// Tenants with ten lanes each, served one request at a time.
fn group(stage: &Stage, prefix: &str, receiver: &Receiver) -> Result<Vec<Tenant>> {
    let tenants = stage.server.api().tenants(prefix, TENANTS, &json!({}))?;
    stage.subscribe(&tenants, SUBSCRIPTIONS, receiver, &json!({"max_in_flight": 1}))?;
    Ok(tenants)
}

/// Has so many deliveries made and waits until all of them are recorded.
fn finish(
    options: &Options,
    stage: &mut Stage,
    tenants: &[Tenant],
    receiver: &Receiver,
    events: u32,
) -> Result<()> {
    let sent = stage.post_backlog(tenants, &Backlog::of(events))?;
    let outcome = drained(options, receiver, &sent, 1, &(0..u64::MAX));
    ensure!(outcome.missing == 0, "{} deliveries never arrived", outcome.missing);
    stage.wait_recorded(tenants, Instant::now(), REST_WAIT)
}

/// Puts so many deliveries into each lane of the tenants; returns how many that are in all.
fn hold(stage: &mut Stage, tenants: &[Tenant], per_lane: u32, delay: Duration) -> Result<f64> {
    let due: Vec<String> =
        (!delay.is_zero()).then(|| rfc3339(SystemTime::now() + delay)).into_iter().collect();
    let events = per_lane * TENANTS as u32;
    let sent = stage.post_singly(tenants, &Backlog::due(events, due))?;
    Ok(sent.accepted_count() as f64 * f64::from(SUBSCRIPTIONS))
}

fn at_rest(stage: &Stage) -> Result<f64> {
    let began = Instant::now();
    let mut last = (stage.server.redis_bytes()?, Instant::now());
    while last.1.elapsed() < REST && began.elapsed() < REST_WAIT {
        std::thread::sleep(Duration::from_millis(50));
        let now = stage.server.redis_bytes()?;
        if (now - last.0).abs() > SAME {
            last = (now, Instant::now());
        }
    }
    Ok(last.0)
}
