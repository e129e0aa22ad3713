//! How soon events arrive at one rate after the other, until a rate is no longer held.

use std::time::Duration;

use anyhow::Result;

use super::stage::{Stage, Traffic};
use super::{Options, Point, Run};
use crate::api::Tenant;
use crate::generator::Pace;
use crate::measure::Latency;
use crate::receiver::{Answer, Receiver};
use crate::targets::Bound;

/// Events per second that are offered.
const RATES: [u32; 10] = [100, 300, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000];

/// A picture needs less of each point than a promise does.
pub(super) const WINDOW_MAX: Duration = Duration::from_secs(5);
pub(super) const WARM_UP_MAX: Duration = Duration::from_secs(1);

/// A rate is held while so much of it is accepted and delivered in the window.
const HELD_SHARE: f64 = 0.97;

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("bench", 10, 1, &receiver)?;
    let mut curve: Vec<Point> = Vec::new();
    let mut measure = |per_second: u32| point(options, &mut stage, &tenants, &receiver, per_second);
    let wanted = RATES.into_iter().take_while(|rate| *rate <= options.counts.sweep_per_second);
    for per_second in wanted {
        let held = curve.last().map_or(0, |point| point.offered_per_second);
        let point = measure(per_second)?;
        let is_end = !point.is_held;
        curve.push(point);
        if is_end {
            // The rates are far apart up there, so one more between the last two.
            if held > 0 {
                let place = curve.len() - 1;
                curve.insert(place, measure(u32::midpoint(held, per_second))?);
            }
            break;
        }
    }

    let mut run = Run::default();
    let held = curve.iter().filter(|point| point.is_held).map(|point| point.offered_per_second);
    run.read("highest rate held", "events/s", held.max().unwrap_or(0).into(), Bound::Told);
    let most = curve.iter().map(|point| point.delivered_per_second).fold(0.0, f64::max);
    run.read("delivered at the most", "deliveries/s", most, Bound::Told);
    let missing = curve.iter().map(|point| point.missing).sum::<u64>() as f64;
    run.read("missing", "deliveries", missing, Bound::Never);
    run.curve = curve;
    Ok(run)
}

fn point(
    options: &Options,
    stage: &mut Stage,
    tenants: &[Tenant],
    receiver: &Receiver,
    per_second: u32,
) -> Result<Point> {
    let rate = f64::from(per_second);
    let pace = Pace::Open { per_second: rate };
    let traffic = Traffic::single(tenants, receiver, pace);
    let mut measured = stage.measure(options, &traffic)?;
    let late = Latency::of(&mut measured.sent.late_ns);
    let outcome = &measured.outcome;
    let least = outcome.accepted_per_second.min(outcome.delivered_per_second);
    Ok(Point {
        offered_per_second: per_second,
        accepted_per_second: outcome.accepted_per_second,
        delivered_per_second: outcome.delivered_per_second,
        latency: outcome.latency,
        generator_late_p99_ms: late.p99_ms,
        missing: outcome.missing,
        duplicates: outcome.duplicates,
        refused: measured.sent.refused + measured.sent.unanswered,
        is_held: least >= rate * HELD_SHARE,
    })
}
