//! What many deliveries that fall due at the same instant do to another tenant, and to themselves.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};

use super::stage::{Backlog, Stage, Traffic, drained, rfc3339};
use super::{Options, Run};
use crate::clock::duration_ns;
use crate::generator::Pace;
use crate::measure::Latency;
use crate::receiver::{Answer, Arrival};
use crate::targets::Bound;

/// Events per second of the other tenant: enough for a percentile in the few seconds that it takes.
const OTHER_PER_SECOND: f64 = 100.0;

/// They fall due so long after the first is posted, and so much later for each.
const HEAD_START: Duration = Duration::from_secs(5);
const TIME_TO_POST_EACH: Duration = Duration::from_micros(400);

/// The other tenant's load begins so long before, and lasts so long after, at the least.
const MARGIN: Duration = Duration::from_secs(2);

/// Instants are posted in whole milliseconds, so that what is due within one may come this early.
const ROUNDING_NS: u64 = 2_000_000;

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let (receiver, other_receiver) = (stage.receiver(Answer::Ok)?, stage.receiver(Answer::Ok)?);
    let crowd = stage.tenants("crowd", 10, 1, &receiver)?;
    let other = stage.tenants("other", 1, 1, &other_receiver)?;

    let events = options.counts.falling_due;
    let wait = HEAD_START + TIME_TO_POST_EACH * events;
    let (due_ns, due) = (stage.clock.now_ns() + duration_ns(wait), Instant::now() + wait);
    let deliver_at = rfc3339(SystemTime::now() + wait);
    let sent = stage.post_backlog(&crowd, &Backlog::due(events, vec![deliver_at]))?;
    let begin = due - MARGIN;
    ensure!(Instant::now() < begin, "{events} events were not posted within {wait:?}");
    std::thread::sleep(begin - Instant::now());

    let traffic =
        Traffic::single(&other, &other_receiver, Pace::Open { per_second: OTHER_PER_SECOND });
    let running = stage.generate(&traffic, Duration::from_secs(600))?;
    std::thread::sleep(due + MARGIN - Instant::now());
    let all = drained(options, &receiver, &sent, 1, &(0..u64::MAX));
    let end_ns = stage.clock.now_ns();
    let other_sent = stage.stop(running)?;
    let others = drained(options, &other_receiver, &other_sent, 1, &(due_ns..end_ns));
    let mut failed = 0.0;
    for tenant in &crowd {
        failed += f64::from(u8::from(stage.server.api().has(tenant, "retrying,failed")?));
    }

    let mut run = Run::default();
    let arrivals = receiver.arrivals();
    let is_early = |arrival: &&Arrival| arrival.at_ns + ROUNDING_NS < due_ns;
    let early = arrivals.iter().filter(is_early).count() as f64;
    let mut waits_ns: Vec<u64> =
        arrivals.iter().map(|arrival| arrival.at_ns.saturating_sub(due_ns)).collect();
    let waits = Latency::of(&mut waits_ns);
    let drain_s = waits_ns.last().copied().unwrap_or(0) as f64 / 1e9;
    let must = Bound::AtMost { must: Some(1_000.0), goal: None };
    run.read("p95 of another tenant meanwhile", "ms", others.latency.p95_ms, must);
    run.read("p99 of another tenant meanwhile", "ms", others.latency.p99_ms, Bound::Told);
    run.read("due at once", "deliveries", sent.accepted_count() as f64, Bound::Told);
    let per_second = all.delivered as f64 / drain_s.max(0.001);
    run.read("drained", "deliveries/s", per_second, Bound::Told);
    run.read("due to the last arrival", "s", drain_s, Bound::Told);
    run.read("due to arrival p50", "ms", waits.p50_ms, Bound::Told);
    run.read("delivered before their time", "deliveries", early, Bound::Never);
    run.read("tenants with a failed attempt", "", failed, Bound::NONE);
    let refused = (other_sent.refused + other_sent.unanswered) as f64;
    run.read("refused or unanswered", "events", refused, Bound::NONE);
    let missing = (all.missing + others.missing) as f64;
    run.read("missing", "deliveries", missing, Bound::Never);
    run.read("duplicates", "deliveries", (all.duplicates + others.duplicates) as f64, Bound::NONE);
    run.read("memory, peak", "MB", stage.server.memory()?.peak_mb, Bound::Told);
    Ok(run)
}
