//! The questions that a run answers, one scenario each.
//!
//! A scenario starts a fresh server on a fresh database for every run, so that no run inherits
//! another's backlog, cache or file.

mod delayed;
mod falling_due;
mod growth;
mod idle;
mod limited;
mod neighbour;
mod ordered;
mod rate;
mod recovery;
mod redis_memory;
mod replay;
mod saturation;
mod settings;
mod slow_clients;
mod stage;
mod subscriptions;
mod sweep;
mod waiting;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::measure::Latency;
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
    /// Measured time of the limited tenant.
    pub limited_window: Duration,
    /// How often each scenario is run.
    pub runs: usize,
    /// Connections of the closed loops.
    pub connections: usize,
    /// How much of everything.
    pub counts: Counts,
}

/// How much of everything there is in a run.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Deliveries that wait for a distant retry beside the ready ones.
    pub waiting: u32,
    /// Deliveries posted to be delivered later, beside the ready ones.
    pub delayed: u32,
    /// Deliveries that fall due at one instant.
    pub falling_due: u32,
    /// Deliveries due at slow receivers beside the fast tenant.
    pub slow_backlog: u32,
    /// Deliveries due at the tenant with a rate limit.
    pub limited_backlog: u32,
    /// Connections that clients hold on to without a request.
    pub idle_clients: u32,
    /// Connections on which a request comes byte by byte.
    pub dripping_clients: u32,
    /// Deliveries that are done between two readings of Redis.
    pub finished: u32,
    /// Events of the ordered subscription.
    pub ordered: u32,
    /// Deliveries that are replayed.
    pub replayed: u32,
    /// Subscriptions of the tenant that has many.
    pub subscriptions: u32,
    /// Deliveries in a database that has grown.
    pub rows: u64,
    /// The highest rate of the sweep, in events per second.
    pub sweep_per_second: u32,
}

impl Counts {
    /// What the figures are stated for.
    pub const FULL: Self = Self {
        waiting: 100_000,
        delayed: 1_000_000,
        falling_due: 50_000,
        slow_backlog: 20_000,
        limited_backlog: 2_000,
        idle_clients: 5_000,
        dripping_clients: 500,
        finished: 100_000,
        ordered: 10_000,
        replayed: 100_000,
        subscriptions: 10_000,
        rows: 10_000_000,
        sweep_per_second: 128_000,
    };

    /// Enough to see that everything works.
    pub const QUICK: Self = Self {
        waiting: 2_000,
        delayed: 2_000,
        falling_due: 1_000,
        slow_backlog: 2_000,
        limited_backlog: 150,
        idle_clients: 100,
        dripping_clients: 20,
        finished: 1_000,
        ordered: 200,
        replayed: 1_000,
        subscriptions: 100,
        rows: 2_000,
        sweep_per_second: 300,
    };

    /// The lower of both, each by itself.
    #[must_use]
    pub fn min(&self, other: &Self) -> Self {
        Self {
            waiting: self.waiting.min(other.waiting),
            delayed: self.delayed.min(other.delayed),
            falling_due: self.falling_due.min(other.falling_due),
            slow_backlog: self.slow_backlog.min(other.slow_backlog),
            limited_backlog: self.limited_backlog.min(other.limited_backlog),
            idle_clients: self.idle_clients.min(other.idle_clients),
            dripping_clients: self.dripping_clients.min(other.dripping_clients),
            finished: self.finished.min(other.finished),
            ordered: self.ordered.min(other.ordered),
            replayed: self.replayed.min(other.replayed),
            subscriptions: self.subscriptions.min(other.subscriptions),
            rows: self.rows.min(other.rows),
            sweep_per_second: self.sweep_per_second.min(other.sweep_per_second),
        }
    }
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
    /// What else is to be said, such as what was left out and why.
    pub notes: Vec<String>,
    /// One point for each rate, in a sweep.
    pub curve: Vec<Point>,
}

/// What came of one offered rate.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Events per second that were sent, by the clock.
    pub offered_per_second: u32,
    /// Events per second that were accepted.
    pub accepted_per_second: f64,
    /// Deliveries per second that arrived.
    pub delivered_per_second: f64,
    /// From sending to arrival.
    pub latency: Latency,
    /// How far the generator itself was behind its clock: above a millisecond it is the machine that is measured.
    pub generator_late_p99_ms: f64,
    /// Deliveries that never arrived.
    pub missing: u64,
    /// Arrivals beyond the first.
    pub duplicates: u64,
    /// Events that were refused, or had no answer.
    pub refused: u64,
    /// Whether accepting and delivering kept up with the rate.
    pub is_held: bool,
}

impl Point {
    /// What is said of a rate that was not held, behind it.
    pub(crate) fn held(&self) -> &'static str {
        if self.is_held { "" } else { ", not held" }
    }
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The most single events that are accepted and delivered.
    Saturated,
    /// The same from a quarter of the connections.
    FewConnections,
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
    /// Whether clients that hold on to their connections do.
    SlowClients,
    /// Whether deliveries that are posted for later slow the ready ones down.
    Delayed,
    /// What many deliveries that fall due at once do to another tenant.
    FallingDue,
    /// Whether a tenant's rate limit holds over two workers.
    Limited,
    /// What deliveries cost in Redis.
    RedisMemory,
    /// How long an emptied Redis is felt.
    RedisEmptied,
    /// How long a killed worker is felt.
    WorkerKilled,
    /// How soon a server is ready that finds a million deliveries.
    Start,
    /// Whether an ordered subscription gets everything in its order from a receiver that fails.
    Ordered,
    /// Whether a large replay delays what is live, and goes on after a crash.
    Replay,
    /// What an event costs that one of many subscriptions wants.
    Subscriptions,
    /// How soon events arrive at one rate after the other.
    Sweep,
    /// What lists and statistics take on a database that has grown.
    Growth,
}

impl Scenario {
    /// All of them, in the order of a run.
    pub const ALL: [Self; 24] = [
        Self::Saturated,
        Self::FewConnections,
        Self::Batches,
        Self::FanOut,
        Self::Rate300,
        Self::Rate1000,
        Self::Rate4000,
        Self::Sweep,
        Self::Idle,
        Self::Waiting,
        Self::Delayed,
        Self::FallingDue,
        Self::Neighbour,
        Self::Neighbours,
        Self::SlowClients,
        Self::Ordered,
        Self::Replay,
        Self::Subscriptions,
        Self::Limited,
        Self::RedisMemory,
        Self::RedisEmptied,
        Self::WorkerKilled,
        Self::Start,
        Self::Growth,
    ];

    /// Those of a run that names none.
    pub fn usual(deployment: Deployment) -> impl Iterator<Item = Self> {
        let is_usual = move |scenario: &Self| {
            // Ten million rows take longer to write than everything else takes to measure.
            *scenario != Self::Growth && scenario.is_for(deployment)
        };
        Self::ALL.into_iter().filter(is_usual)
    }

    /// Whether the question makes sense there.
    #[must_use]
    pub fn is_for(self, deployment: Deployment) -> bool {
        match self {
            Self::Limited | Self::RedisMemory | Self::RedisEmptied | Self::WorkerKilled => {
                deployment == Deployment::Distributed
            }
            Self::Start => deployment == Deployment::Embedded,
            _ => true,
        }
    }

    /// Whether its figures are in a file and a table of their own, and not among those of a whole run.
    #[must_use]
    pub const fn stands_alone(self) -> bool {
        matches!(self, Self::Sweep | Self::Growth)
    }

    /// How often it is run: once where a run takes minutes.
    #[must_use]
    pub fn runs(self, options: &Options) -> usize {
        match self {
            Self::Sweep
            | Self::Delayed
            | Self::Ordered
            | Self::Replay
            | Self::Subscriptions
            | Self::RedisMemory
            | Self::Start
            | Self::Growth => 1,
            _ => options.runs,
        }
    }

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Saturated => "saturated",
            Self::FewConnections => "few-connections",
            Self::Batches => "batches",
            Self::FanOut => "fan-out",
            Self::Rate300 => "rate-300",
            Self::Rate1000 => "rate-1000",
            Self::Rate4000 => "rate-4000",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Neighbour => "neighbour",
            Self::Neighbours => "neighbours",
            Self::SlowClients => "slow-clients",
            Self::Delayed => "delayed",
            Self::FallingDue => "falling-due",
            Self::Limited => "limited",
            Self::RedisMemory => "redis-memory",
            Self::RedisEmptied => "redis-emptied",
            Self::WorkerKilled => "worker-killed",
            Self::Start => "start",
            Self::Ordered => "ordered",
            Self::Replay => "replay",
            Self::Subscriptions => "subscriptions",
            Self::Sweep => "sweep",
            Self::Growth => "growth",
        }
    }

    /// The options as it takes them: a sweep has many points and spends less on each, and what a server can do
    /// with single events takes so many connections that it never waits for the next one. (Each has one
    /// event under way, and waits for a commit.)
    fn options(self, options: &Options) -> Options {
        let mut taken = options.clone();
        if self == Self::Sweep {
            taken.window = taken.window.min(sweep::WINDOW_MAX);
            taken.warm_up = taken.warm_up.min(sweep::WARM_UP_MAX);
        } else if self == Self::Saturated {
            taken.connections *= saturation::SATURATING;
        }
        taken
    }

    /// Runs it once.
    ///
    /// # Errors
    /// When the server or the machine fails, not when a figure is bad.
    pub fn run(self, options: &Options) -> Result<Run> {
        let options = &self.options(options);
        match self {
            Self::Saturated => saturation::run(options, &saturation::SINGLE),
            Self::FewConnections => saturation::run(options, &saturation::FEW),
            Self::Batches => saturation::run(options, &saturation::BATCHES),
            Self::FanOut => saturation::run(options, &saturation::FAN_OUT),
            Self::Rate300 => rate::run(options, 300.0, (12.0, 5.0), Bound::at_most(5.0, 2.0)),
            Self::Rate1000 => rate::run(options, 1_000.0, (50.0, 10.0), Bound::Told),
            Self::Rate4000 => rate::run(options, 4_000.0, (250.0, 50.0), Bound::Told),
            Self::Idle => idle::run(options),
            Self::Waiting => waiting::run(options),
            Self::Neighbour => neighbour::run(options, &neighbour::ONE),
            Self::Neighbours => neighbour::run(options, &neighbour::MANY),
            Self::SlowClients => slow_clients::run(options),
            Self::Delayed => delayed::run(options),
            Self::FallingDue => falling_due::run(options),
            Self::Limited => limited::run(options),
            Self::RedisMemory => redis_memory::run(options),
            Self::RedisEmptied => recovery::run(options, &recovery::EMPTIED),
            Self::WorkerKilled => recovery::run(options, &recovery::KILLED),
            Self::Start => growth::start(options),
            Self::Ordered => ordered::run(options),
            Self::Replay => replay::run(options),
            Self::Subscriptions => subscriptions::run(options),
            Self::Sweep => sweep::run(options),
            Self::Growth => growth::run(options),
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
