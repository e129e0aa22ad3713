//! What was set in a scenario, in words: a figure without its settings is not a figure.

use super::growth::START_ROWS;
use super::{Options, Scenario};

impl Scenario {
    /// The line above the figures.
    #[must_use]
    pub fn settings(self, options: &Options) -> String {
        let counts = &options.counts;
        let options = &self.options(options);
        let closed = format!("closed loop, {} connections", options.connections);
        let open = |rate: &str| format!("open loop, {rate} events/s, 10 tenants x 1 subscription");
        let what = match self {
            Self::Saturated | Self::FewConnections => {
                format!("{closed}, single events, 10 tenants x 1 subscription")
            }
            Self::Batches => format!("{closed}, batches of 100, 10 tenants x 1 subscription"),
            Self::FanOut => format!("{closed}, single events, 1 tenant x 10 subscriptions"),
            Self::Rate300 => open("300"),
            Self::Rate1000 => open("1,000"),
            Self::Rate4000 => open("4,000"),
            Self::Sweep => open("100 and more"),
            Self::Idle => {
                "10 tenants x 1 subscription, nothing posted; then 10 events/s of one".to_owned()
            }
            Self::Waiting => format!(
                "{closed}, single events, with none and with {} deliveries waiting an hour",
                counts.waiting
            ),
            Self::Delayed => format!(
                "{closed}, single events, with none and with {} deliveries, or what is posted in two \
                 minutes, half due in 10 minutes and half in 2 hours",
                counts.delayed
            ),
            Self::FallingDue => format!(
                "a tenant at 100 events/s while {} deliveries of 10 tenants fall due at one instant",
                counts.falling_due
            ),
            Self::Neighbour => format!(
                "a tenant at 20 events/s beside a tenant with {} due at a 5 s receiver",
                counts.slow_backlog
            ),
            Self::Neighbours => format!(
                "a tenant at 20 events/s beside 20 tenants x 5 subscriptions with {} due at 15 s \
                 receivers",
                counts.slow_backlog
            ),
            Self::SlowClients => format!(
                "{}, alone and beside {} idle clients and {} that send a byte a second",
                open("300"),
                counts.idle_clients,
                counts.dripping_clients
            ),
            Self::Ordered => format!(
                "{} events of an ordered subscription, whose receiver refuses one request in 20",
                counts.ordered
            ),
            Self::Replay => format!(
                "{} deliveries replayed at 500/s beside a tenant at 200 events/s, alone and beside in 15 \
                 rounds of a third of the time each; kill -9 of all processes after them",
                counts.replayed
            ),
            Self::Subscriptions => format!(
                "{closed}, single events, 1 tenant, 10 subscriptions and {}, one of which wants them",
                counts.subscriptions
            ),
            Self::Limited => format!(
                "a tenant limited to 50 deliveries/s (burst 5) with a backlog of {} over 2 workers, \
                 counted for {} s from 1 s after its first delivery, beside a tenant at 20 events/s",
                counts.limited_backlog,
                options.limited_window.as_secs_f64()
            ),
            Self::RedisMemory => format!(
                "100 lanes with 100 ready each, 100 with 100 delayed each, and {} done",
                counts.finished
            ),
            Self::RedisEmptied => format!("{}; FLUSHALL before the window", open("300")),
            Self::WorkerKilled => {
                format!(
                    "{}, 300 ms receiver; one of 2 workers killed before the window",
                    open("300")
                )
            }
            Self::Start => format!(
                "a database with {} deliveries of 20 days, 10 tenants",
                counts.rows.min(START_ROWS)
            ),
            Self::Growth => {
                format!("a database with {} deliveries of 20 days, 10 tenants", counts.rows)
            }
        };
        let (window, warm_up) = (options.window.as_secs_f64(), options.warm_up.as_secs_f64());
        let how = match self {
            Self::Start | Self::Growth => "2-byte data; ".to_owned(),
            Self::FallingDue | Self::Ordered | Self::RedisMemory => "512-byte data; ".to_owned(),
            _ => format!("512-byte data; {window} s after {warm_up} s, "),
        };
        let runs = self.runs(options);
        format!("{what}; {how}{runs} run{}", if runs == 1 { "" } else { "s" })
    }
}
