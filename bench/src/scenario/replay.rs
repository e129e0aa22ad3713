//! Whether a large replay delays what is live, and goes on after a crash.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::stage::{Backlog, Measured, Stage, Traffic, drained, rfc3339};
use super::{Options, Run};
use crate::api::Tenant;
use crate::generator::{Pace, Sent};
use crate::measure::median_and_range;
use crate::receiver::{Answer, Receiver};
use crate::targets::Bound;

/// First attempts of the replay, and live events, per second.
const REPLAYED_PER_SECOND: u32 = 500;
const LIVE_PER_SECOND: f64 = 200.0;

/// How often what is live is measured alone and beside the replay, a part of the window each time: the machine is not
/// the same from one minute to the next, so what is compared lies close together.
const ROUNDS: u32 = 15;
const ROUND_PART: u32 = 3;

/// Longer ago than the first event of a run.
const LONG_AGO: Duration = Duration::from_secs(3600);
/// How long attempts may take to be recorded, and what the replay may take beyond its own time.
const WAIT: Duration = Duration::from_secs(300);

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let (receiver, live_receiver) = (stage.receiver(Answer::Ok)?, stage.receiver(Answer::Ok)?);
    let old = stage.tenants("old", 1, 1, &receiver)?;
    let live = stage.tenants("live", 1, 1, &live_receiver)?;
    let posted = Instant::now();
    let sent = stage.post_backlog(&old, &Backlog::of(options.counts.replayed))?;
    let first = drained(options, &receiver, &sent, 1, &(0..1));
    ensure!(first.missing == 0, "{} events did not arrive at first", first.missing);
    stage.wait_recorded(&old, posted, WAIT)?;
    let now = SystemTime::now();
    let wanted = json!({
        "from": rfc3339(now - LONG_AGO), "to": rfc3339(now), "statuses": ["succeeded"],
        "rate_per_second": REPLAYED_PER_SECOND,
    });
    let (begun, began_ns) = (Instant::now(), stage.clock.now_ns());
    let replay = stage.server.api().post_as(&old[0], "/replays", &wanted)?;
    let path = format!("/replays/{}", replay["id"].as_str().context("a replay without an id")?);
    let round = Options {
        window: options.window / ROUND_PART,
        warm_up: options.warm_up / ROUND_PART,
        ..options.clone()
    };
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (how, measured) in [("pause", &mut alone), ("resume", &mut beside)] {
            let asked = format!("{path}/{how}");
            stage.server.api().post_as(&old[0], &asked, &json!({}))?;
            measured.push(steady(&round, &mut stage, &live, &live_receiver)?);
        }
    }
    let half = stage.server.api().get(&old[0], &path)?;
    stage.server = stage.server.crash(&options.server_bin, stage.directory.path())?;
    let needs = Duration::from_secs_f64(
        f64::from(options.counts.replayed) / f64::from(REPLAYED_PER_SECOND),
    );
    let ended = loop {
        let seen = stage.server.api().get(&old[0], &path)?;
        if seen["status"] == "completed" {
            break seen;
        }
        ensure!(begun.elapsed() < needs + WAIT, "the replay does not end: {seen}");
        std::thread::sleep(Duration::from_millis(200));
    };

    let mut run = Run::default();
    let [was_ms, is_ms]: [Vec<f64>; 2] =
        [&alone, &beside].map(|rounds| rounds.iter().map(p95_ms).collect());
    run.read("live p95 alone", "ms", middle(&was_ms), Bound::Told);
    run.read("live p95 beside", "ms", middle(&is_ms), Bound::Told);
    let of_rounds: Vec<f64> =
        was_ms.iter().zip(&is_ms).map(|(was_ms, is_ms)| is_ms / was_ms.max(0.001)).collect();
    let must = Bound::AtMost { must: Some(1.1), goal: None };
    run.read("live p95 beside / alone", "x", middle(&of_rounds), must);
    run.read("replayed before the crash", "deliveries", count(&half, "succeeded"), Bound::Told);
    let wrong =
        ["enqueued", "succeeded"].map(|name| count(&ended, name) - count(&ended, "matched"));
    run.read("miscounted", "deliveries", wrong[0].abs() + wrong[1].abs(), Bound::Never);
    run.read("from the start to the end", "s", begun.elapsed().as_secs_f64(), Bound::Told);
    read_replayed(&receiver, &sent, began_ns, &mut run);
    if let Some(last) = beside.last() {
        last.read_common(&mut run);
    }
    Ok(run)
}

fn p95_ms(round: &Measured) -> f64 {
    round.outcome.latency.p95_ms
}

fn middle(values: &[f64]) -> f64 {
    median_and_range(values).map_or(0.0, |(median, ..)| median)
}

/// What the replay brought: each event once, but for those whose requests the crash cut off.
fn read_replayed(receiver: &Receiver, sent: &Sent, began_ns: u64, run: &mut Run) {
    let mut came: HashMap<u32, u64> = HashMap::new();
    let mut per_second: HashMap<u64, u32> = HashMap::new();
    for arrival in receiver.arrivals().iter().filter(|arrival| arrival.at_ns >= began_ns) {
        *came.entry(arrival.seq).or_default() += 1;
        *per_second.entry((arrival.at_ns - began_ns) / 1_000_000_000).or_default() += 1;
    }
    let missing = sent.accepted_count().saturating_sub(came.len() as u64) as f64;
    let again: u64 = came.values().map(|count| count - 1).sum();
    let most = per_second.values().max().copied().unwrap_or(0);
    run.read("not replayed", "deliveries", missing, Bound::Never);
    run.read("replayed again after the crash", "deliveries", again as f64, Bound::Told);
    run.read("replayed in a second at most", "deliveries", f64::from(most), Bound::Told);
}

fn count(replay: &Value, name: &str) -> f64 {
    replay[name].as_f64().unwrap_or(-1.0)
}

fn steady(
    options: &Options,
    stage: &mut Stage,
    tenants: &[Tenant],
    receiver: &Receiver,
) -> Result<Measured> {
    let pace = Pace::Open { per_second: LIVE_PER_SECOND };
    stage.measure(options, &Traffic::single(tenants, receiver, pace))
}
