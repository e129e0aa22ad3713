//! The page that Prometheus reads: what was counted, and what the queue, the clock and the system say at
//! that moment.

use std::time::Duration;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use queue::Stats;
use tokio::time::timeout;

use super::labelled::{Named, gauges};
use super::process;
use crate::context::Engine;

/// The page's format.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;
/// How long the queue is waited for: less than the 10 s that Prometheus waits for the page.
const QUEUE_WAIT: Duration = Duration::from_secs(2);

impl Engine {
    /// What this process counts and knows, as Prometheus reads it. While the queue is away its figures
    /// are missing rather than old.
    pub async fn metrics_page(&self) -> String {
        let stats = timeout(QUEUE_WAIT, self.lanes.queue().stats()).await;
        let mut of_now = Registry::default();
        queue(&mut of_now, stats.ok().and_then(Result::ok).as_ref());
        if let Some(skew_ms) = self.skew.millis() {
            let help = "How far this process's clock is ahead of the database's";
            let seconds = Duration::from_millis(skew_ms.unsigned_abs()).as_secs_f64();
            let skew = ConstGauge::new(if skew_ms < 0 { -seconds } else { seconds });
            of_now.register("posthaste_clock_skew_seconds", help, skew);
        }
        process::register(&mut of_now);
        let mut page = String::new();
        write(&mut page, &self.metrics.registry);
        write(&mut page, &of_now);
        page
    }
}

/// Adds what a registry holds to a page.
pub fn write(page: &mut String, registry: &Registry) {
    prometheus_text::encode(page, registry).expect("writing to a string does not fail");
}

fn queue(registry: &mut Registry, stats: Option<&Stats>) {
    let up = ConstGauge::new(i64::from(stats.is_some()));
    registry.register("posthaste_queue_up", "Whether the queue answers", up);
    let Some(stats) = stats else { return };
    gauges(
        registry,
        Named {
            name: "webhook_queue_size",
            help: "Deliveries in the queue's windows: due, due later, and being attempted",
            label: "state",
        },
        [("ready", stats.ready), ("delayed", stats.delayed), ("leased", stats.leased)],
    );
    gauges(
        registry,
        Named {
            name: "webhook_queue_lanes",
            help: "Lanes that the queue knows; of these the paused, those with an open circuit, and those of which the database holds more",
            label: "state",
        },
        [
            ("all", stats.lanes),
            ("paused", stats.lanes_paused),
            ("open", stats.lanes_open),
            ("behind", stats.lanes_behind),
        ],
    );
    registry.register(
        "webhook_queue_oldest_ready_seconds",
        "For how long the oldest delivery has been due that may be served",
        ConstGauge::new(stats.oldest_ready.as_secs_f64()),
    );
    registry.register(
        "webhook_queue_leases_reclaimed",
        "Tickets that the queue took back from holders who did not renew their leases",
        ConstCounter::new(stats.leases_reclaimed),
    );
}
