//! The questions that a run answers, one scenario each.
//!
//! A scenario starts a fresh server on a fresh database for every run, so that no run inherits
//! another's backlog, cache or file.

mod idle;
mod neighbour;
mod rate;
mod saturation;
mod stage;
mod waiting;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::server::Deployment;
use crate::targets::Bound;

/// How a run is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which processes make up the server.
    pub deployment: Deployment,
    /// The server's binary.
    pub server_bin: PathBuf,
    /// Where databases are made; it should be on the disk that counts.
    pub data_dir: PathBuf,
    /// Measured time of each point.
    pub window: Duration,
    /// Time before the window, under the same load.
    pub warm_up: Duration,
    /// What has not arrived counts as missing when nothing has come for so long. It is longer than the
    /// first step of the retry schedule, so that a retry is waited for.
    pub stalled: Duration,
    /// How often each scenario is run.
    pub runs: usize,
    /// Connections of the closed loops.
    pub connections: usize,
    /// Deliveries that wait for a distant retry beside the ready ones.
    pub waiting: u32,
    /// Deliveries due at slow receivers beside the fast tenant.
    pub slow_backlog: u32,
}

/// One figure of one run.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What was measured; the same words in every run.
    pub what: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The figure.
    pub value: f64,
    /// What it is held to.
    pub bound: Bound,
}

/// What one run of a scenario came to.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Its figures, in the order of the report.
    pub readings: Vec<Reading>,
    /// What the run ran against, in words.
    pub limit: Option<String>,
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The most single events that are accepted and delivered.
    Saturated,
    /// The same with 100 events in each request.
    Batches,
    /// The same with ten subscriptions for each event.
    FanOut,
    /// How soon events arrive at 300 per second.
    Rate300,
    /// At 1,000 per second.
    Rate1000,
    /// At 4,000 per second.
    Rate4000,
    /// What a server costs that has nothing to do.
    Idle,
    /// Whether deliveries that wait for a distant retry slow the ready ones down.
    Waiting,
    /// Whether one tenant with a slow receiver delays another tenant.
    Neighbour,
    /// Whether many tenants with slow receivers do.
    Neighbours,
}

impl Scenario {
    /// All of them, in the order of a run.
    pub const ALL: [Self; 10] = [
        Self::Saturated,
        Self::Batches,
        Self::FanOut,
        Self::Rate300,
        Self::Rate1000,
        Self::Rate4000,
        Self::Idle,
        Self::Waiting,
        Self::Neighbour,
        Self::Neighbours,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Saturated => "saturated",
            Self::Batches => "batches",
            Self::FanOut => "fan-out",
            Self::Rate300 => "rate-300",
            Self::Rate1000 => "rate-1000",
            Self::Rate4000 => "rate-4000",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Neighbour => "neighbour",
            Self::Neighbours => "neighbours",
        }
    }

    /// What was set, for the line above the figures.
    #[must_use]
    pub fn settings(self, options: &Options) -> String {
        let Options { connections, waiting, slow_backlog, .. } = options;
        let closed = format!("closed loop, {connections} connections");
        let what = match self {
            Self::Saturated => format!("{closed}, single events, 10 tenants x 1 subscription"),
            Self::Batches => format!("{closed}, batches of 100, 10 tenants x 1 subscription"),
            Self::FanOut => format!("{closed}, single events, 1 tenant x 10 subscriptions"),
            Self::Rate300 => "open loop, 300 events/s, 10 tenants x 1 subscription".to_owned(),
            Self::Rate1000 => "open loop, 1,000 events/s, 10 tenants x 1 subscription".to_owned(),
            Self::Rate4000 => "open loop, 4,000 events/s, 10 tenants x 1 subscription".to_owned(),
            Self::Idle => "10 tenants x 1 subscription, nothing posted".to_owned(),
            Self::Waiting => format!(
                "{closed}, single events, with none and with {waiting} deliveries waiting an hour"
            ),
            Self::Neighbour => format!(
                "a tenant at 20 events/s beside a tenant with {slow_backlog} due at a 5 s receiver"
            ),
            Self::Neighbours => format!(
                "a tenant at 20 events/s beside 20 tenants x 5 subscriptions with {slow_backlog} due at 15 s receivers"
            ),
        };
        let (window, warm_up) = (options.window.as_secs_f64(), options.warm_up.as_secs_f64());
        format!("{what}; 512-byte data; {window} s after {warm_up} s, {} runs", options.runs)
    }

    /// Runs it once.
    ///
    /// # Errors
    /// When the server or the machine fails, not when a figure is bad.
    pub fn run(self, options: &Options) -> Result<Run> {
        match self {
            Self::Saturated => saturation::run(options, &saturation::SINGLE),
            Self::Batches => saturation::run(options, &saturation::BATCHES),
            Self::FanOut => saturation::run(options, &saturation::FAN_OUT),
            Self::Rate300 => rate::run(options, 300.0, (12.0, 5.0), Bound::at_most(5.0, 2.0)),
            Self::Rate1000 => rate::run(options, 1_000.0, (50.0, 10.0), Bound::Told),
            Self::Rate4000 => rate::run(options, 4_000.0, (250.0, 50.0), Bound::Told),
            Self::Idle => idle::run(options),
            Self::Waiting => waiting::run(options),
            Self::Neighbour => neighbour::run(options, &neighbour::ONE),
            Self::Neighbours => neighbour::run(options, &neighbour::MANY),
        }
    }
}

impl Run {
    pub(crate) fn read(
        &mut self,
        what: &'static str,
        unit: &'static str,
        value: f64,
        bound: Bound,
    ) {
        self.readings.push(Reading { what, unit, value, bound });
    }
}
