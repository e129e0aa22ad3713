//! What an event costs that one of many subscriptions wants.

use anyhow::Result;
use serde_json::{Value, json};

use super::stage::{Measured, Stage, Traffic};
use super::{Options, Run};
use crate::api::Tenant;
use crate::generator::Pace;
use crate::receiver::{Answer, Receiver};
use crate::targets::Bound;

/// What the many are compared with.
const FEW: u32 = 10;

pub(super) fn run(options: &Options) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    let count = options.counts.subscriptions;
    let few = crowd(&stage, &receiver, FEW, by_type)?;
    let many = crowd(&stage, &receiver, count, by_type)?;
    let filtering = crowd(&stage, &receiver, count, by_filter)?;
    let pace = Pace::Closed { connections: options.connections };
    let with_few = stage.measure(options, &Traffic::single(&few, &receiver, pace))?;
    let with_many = stage.measure(options, &Traffic::single(&many, &receiver, pace))?;
    let with_filters = stage.measure(options, &Traffic::single(&filtering, &receiver, pace))?;

    let mut run = Run::default();
    let cost = |measured: &Measured| {
        let delivered = measured.outcome.delivered_per_second * options.window.as_secs_f64();
        measured.server_cpu_s * 1e6 / delivered.max(1.0)
    };
    run.read("CPU per delivery with 10", "us", cost(&with_few), Bound::Told);
    run.read("CPU per delivery with many", "us", cost(&with_many), Bound::Told);
    let must = Bound::AtMost { must: Some(2.0), goal: Some(1.1) };
    run.read("cost with many / with 10", "x", cost(&with_many) / cost(&with_few), must);
    let by_filters = cost(&with_filters) / cost(&with_few);
    run.read("cost with many told apart by filters / with 10", "x", by_filters, must);
    with_many.read_common(&mut run);
    Ok(run)
}

/// What makes a subscription want something else: its types, or its filter.
fn by_type(number: u32) -> Value {
    json!({"event_types": [format!("other.n{number}")]})
}

fn by_filter(number: u32) -> Value {
    json!({"filter": format!("data.seq == 'other {number}'")})
}

/// A tenant with so many subscriptions, one of which wants what is posted.
fn crowd(
    stage: &Stage,
    receiver: &Receiver,
    count: u32,
    other: fn(u32) -> Value,
) -> Result<Vec<Tenant>> {
    let tenants = stage.server.api().tenants("crowd", 1, &json!({}))?;
    for number in 1..count {
        stage.subscribe(&tenants, 1, receiver, &other(number))?;
    }
    stage.subscribe(&tenants, 1, receiver, &json!({"event_types": ["bench.event"]}))?;
    Ok(tenants)
}
