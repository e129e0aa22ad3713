//! How much the server takes and delivers when it is given as much as it answers.

use anyhow::Result;

use super::stage::{Stage, Traffic};
use super::{Options, Run};
use crate::generator::Pace;
use crate::receiver::Answer;
use crate::targets::{Bound, SVIX_FAN_OUT_PERCENT, SVIX_PERCENT};

/// What the load looks like, and what it is held to.
pub(super) struct Shape {
    tenants: usize,
    subscriptions: u16,
    events_per_request: u32,
    share: Bound,
    /// Whether this is the load that processor time, memory and database size are stated for.
    is_reference: bool,
}

/// How many times the connections of other closed loops it takes to saturate a server with single events.
pub(super) const SATURATING: usize = 4;

/// Single events.
pub(super) const SINGLE: Shape = Shape {
    tenants: 10,
    subscriptions: 1,
    events_per_request: 1,
    share: Bound::OfCeiling { must: 8.0, goal: 20.0, svix: SVIX_PERCENT },
    is_reference: true,
};

/// Single events, one after the other from each of a few connections.
pub(super) const FEW: Shape = Shape { share: Bound::Told, is_reference: false, ..SINGLE };

/// A hundred events in each request.
pub(super) const BATCHES: Shape = Shape {
    tenants: 10,
    subscriptions: 1,
    events_per_request: 100,
    share: Bound::OfCeiling { must: 12.0, goal: 30.0, svix: SVIX_PERCENT },
    is_reference: false,
};

/// Ten deliveries of each event.
pub(super) const FAN_OUT: Shape = Shape {
    tenants: 1,
    subscriptions: 10,
    events_per_request: 1,
    share: Bound::OfCeiling { must: 12.0, goal: 30.0, svix: SVIX_FAN_OUT_PERCENT },
    is_reference: false,
};

pub(super) fn run(options: &Options, shape: &Shape) -> Result<Run> {
    let mut stage = Stage::open(options)?;
    let receiver = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("bench", shape.tenants, shape.subscriptions, &receiver)?;
    let traffic = Traffic {
        tenants: &tenants,
        receiver: &receiver,
        pace: Pace::Closed { connections: options.connections },
        events_per_request: shape.events_per_request,
        lanes: u32::from(shape.subscriptions),
    };
    let measured = stage.measure(options, &traffic)?;
    let memory = stage.server.memory()?;
    let outcome = &measured.outcome;
    let told_unless_reference = |bound: Bound| {
        if shape.is_reference { bound } else { Bound::Told }
    };

    let mut run = Run::default();
    run.read("accepted", "events/s", outcome.accepted_per_second, Bound::Told);
    run.read("delivered", "deliveries/s", outcome.delivered_per_second, shape.share);
    run.read("delivered until drained", "deliveries/s", outcome.drained_per_second, Bound::Told);
    run.read("send to arrival p50", "ms", outcome.latency.p50_ms, Bound::Told);
    run.read("send to arrival p95", "ms", outcome.latency.p95_ms, Bound::Told);
    run.read("send to arrival p99", "ms", outcome.latency.p99_ms, Bound::Told);
    let in_window = outcome.delivered_per_second * options.window.as_secs_f64();
    run.read(
        "per CPU second of the server",
        "deliveries",
        in_window / measured.server_cpu_s.max(0.01),
        told_unless_reference(Bound::at_least(2_900.0, 8_000.0)),
    );
    run.read(
        "memory, peak",
        "MB",
        memory.peak_mb,
        told_unless_reference(Bound::at_most(250.0, 120.0)),
    );
    measured.read_common(&mut run);
    if shape.is_reference {
        read_what_is_left(options, stage, measured.sent.accepted_count(), &mut run)?;
    }
    Ok(run)
}

/// Times a start of the server on what it has stored, and weighs that.
fn read_what_is_left(options: &Options, stage: Stage, events: u64, run: &mut Run) -> Result<()> {
    let Stage { server, directory, .. } = stage;
    let server = server.restart(&options.server_bin, directory.path())?;
    let ready_ms = server.ready_ms();
    let bytes = server.database_bytes(directory.path())? as f64 / events.max(1) as f64;
    run.read("database per delivered event", "bytes", bytes, Bound::at_most(2_500.0, 1_500.0));
    run.read("deliveries in the database", "", events as f64, Bound::Told);
    run.read("start to ready with them", "ms", ready_ms, Bound::at_most(3_000.0, 500.0));
    Ok(())
}
