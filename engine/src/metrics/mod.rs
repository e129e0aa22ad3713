//! What a process counts of its own work, for Prometheus (`docs/metrics.md` has the list).
//!
//! Every series is made at the start and held in a field: to count is one addition to an atomic, with no
//! lock, no look-up of labels and no allocation on the paths of an event and of a delivery. Labels have
//! few values that the program itself knows; none grows with tenants, subscriptions, types or urls.
//!
//! What is counted here is done: after the commit, where there is one. What the queue and the system
//! know of themselves is asked for when the page is read ([`page`]).

mod histogram;
mod labelled;
mod page;
mod process;

use domain::delivery::Trigger;
use domain::ids::DeliveryId;
use domain::outcome::{FailureReason, Outcome};
use domain::subscription::DisabledReason;
use domain::time::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use self::histogram::Histogram;
use self::labelled::{Named, counters};
pub use self::page::{CONTENT_TYPE, write};
use crate::publish::{Posted, Published};

/// Microseconds from 1 ms to a minute, the longest that an exchange may take.
const EXCHANGE_BOUNDS: &[u64] = &[
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 15_000_000, 30_000_000, 60_000_000,
];
/// Microseconds from 1 ms to 6 h: beyond what the default retry schedule takes.
const DELIVERY_BOUNDS: &[u64] = &[
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    900_000_000,
    3_600_000_000,
    7_200_000_000,
    21_600_000_000,
];
/// Microseconds from a flush to a fast disk to a database in trouble.
const COMMIT_BOUNDS: &[u64] = &[
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];
/// From a commit without any to one that is full.
const GROUP_BOUNDS: &[u64] = &[0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 2_000];

/// The counters of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    attempts_succeeded: Counter,
    attempts_failed: Counter,
    attempt_times: Histogram,
    requests_in_flight: Gauge,
    /// By [`FailureReason`], in the order of [`FailureReason::ALL`].
    failures: [Counter; FailureReason::ALL.len()],
    delivery_times: Histogram,
    events_accepted: Counter,
    events_duplicate: Counter,
    events_refused: Counter,
    dead_letters: Counter,
    circuits_opened: Counter,
    disabled_gone: Counter,
    disabled_failing: Counter,
    pub(crate) leases_lost: Counter,
    pub(crate) deliveries_found: Counter,
    pub(crate) commit_times: Histogram,
    pub(crate) commit_postings: Histogram,
    pub(crate) commit_rows: Histogram,
    pub(crate) commit_outcomes: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("posthaste_build", "The program that runs", build);
        let [attempts_succeeded, attempts_failed] = counters(
            &mut registry,
            Named {
                name: "webhook_requests",
                help: "Attempts made: requests to receivers that have come to an outcome",
                label: "outcome",
            },
            ["success", "failure"],
        );
        let failures = counters(
            &mut registry,
            Named {
                name: "webhook_failures",
                help: "Failed attempts by reason; those of subscription_disabled and expired are deliveries that ended without one",
                label: "reason",
            },
            FailureReason::ALL.map(FailureReason::as_str),
        );
        let [events_accepted, events_duplicate, events_refused] = counters(
            &mut registry,
            Named {
                name: "webhook_events",
                help: "Well-formed events posted, by what became of them",
                label: "result",
            },
            ["accepted", "duplicate", "refused"],
        );
        let [disabled_gone, disabled_failing] = counters(
            &mut registry,
            Named {
                name: "webhook_subscriptions_disabled",
                help: "Subscriptions disabled because of their receivers",
                label: "reason",
            },
            [DisabledReason::Gone.as_str(), DisabledReason::Failing.as_str()],
        );
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let dead_letters = counter("webhook_dead_letters", "Deliveries that became dead letters");
        let circuits_opened = counter("webhook_circuits_opened", "Circuits that opened");
        let leases_lost = counter(
            "webhook_leases_lost",
            "Tickets of this process that the queue had taken back before their outcome was recorded",
        );
        let deliveries_found = counter(
            "webhook_deliveries_found",
            "Due deliveries that the reconciler found in the database and the queue did not know",
        );
        let requests_in_flight = Gauge::default();
        registry.register(
            "webhook_requests_in_flight",
            "Requests to receivers that are under way",
            requests_in_flight.clone(),
        );
        let mut histogram = |name: &str, help: &str, histogram: Histogram| {
            registry.register(name, help, histogram.clone());
            histogram
        };
        Self {
            attempt_times: histogram(
                "webhook_processing_duration_seconds",
                "How long an attempt's whole exchange took",
                Histogram::of_times(EXCHANGE_BOUNDS),
            ),
            delivery_times: histogram(
                "webhook_delivery_latency_seconds",
                "From an event's acceptance to the recorded success of a delivery",
                Histogram::of_times(DELIVERY_BOUNDS),
            ),
            commit_times: histogram(
                "posthaste_commit_duration_seconds",
                "How long a commit of the writer took, reading included",
                Histogram::of_times(COMMIT_BOUNDS),
            ),
            commit_postings: histogram(
                "posthaste_commit_postings",
                "Requests that posted events, per commit of the writer",
                Histogram::of_sizes(GROUP_BOUNDS),
            ),
            commit_rows: histogram(
                "posthaste_commit_rows",
                "Rows of events and deliveries that were posted, per commit of the writer",
                Histogram::of_sizes(GROUP_BOUNDS),
            ),
            commit_outcomes: histogram(
                "posthaste_commit_outcomes",
                "Outcomes of attempts, per commit of the writer",
                Histogram::of_sizes(GROUP_BOUNDS),
            ),
            attempts_succeeded,
            attempts_failed,
            requests_in_flight,
            failures,
            events_accepted,
            events_duplicate,
            events_refused,
            dead_letters,
            circuits_opened,
            disabled_gone,
            disabled_failing,
            leases_lost,
            deliveries_found,
            registry,
        }
    }
}

/// A request that is under way for as long as this exists, also when it is cut off.
#[derive(Debug)]
pub(crate) struct UnderWay<'a>(&'a Gauge);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// A request begins.
    pub(crate) fn request_begins(&self) -> UnderWay<'_> {
        self.requests_in_flight.inc();
        UnderWay(&self.requests_in_flight)
    }

    /// An attempt was made.
    pub(crate) fn attempted(&self, outcome: &Outcome) {
        self.attempt_times.observe_time(outcome.timing.total);
        match outcome.failure_reason() {
            None => self.attempts_succeeded.inc(),
            Some(reason) => {
                self.of_reason(reason).inc();
                self.attempts_failed.inc()
            }
        };
    }

    /// A success is recorded. Only what an event itself made tells how long events take.
    pub(crate) fn delivered(&self, delivery: DeliveryId, trigger: Trigger, now: Timestamp) {
        if trigger == Trigger::Event {
            // A delivery's id carries the instant of its event's acceptance.
            self.delivery_times.observe_time(now.since(delivery.time()));
        }
    }

    /// Deliveries became dead letters.
    pub(crate) fn died(&self, reason: Option<FailureReason>, count: u64) {
        self.dead_letters.inc_by(count);
        let ended = [FailureReason::SubscriptionDisabled, FailureReason::Expired];
        // The others were counted as the attempts that they are the reasons of.
        if let Some(reason) = reason.filter(|reason| ended.contains(reason)) {
            self.of_reason(reason).inc_by(count);
        }
    }

    /// Circuits opened.
    pub(crate) fn opened(&self, circuits: usize) {
        self.circuits_opened.inc_by(circuits as u64);
    }

    /// A subscription was disabled.
    pub(crate) fn disabled(&self, reason: DisabledReason) {
        match reason {
            DisabledReason::Gone => self.disabled_gone.inc(),
            DisabledReason::Failing => self.disabled_failing.inc(),
            // Somebody's wish, and no sign of trouble.
            DisabledReason::Requested => return,
        };
    }

    /// Events were posted.
    pub(crate) fn posted(&self, posted: &Posted) {
        let Posted::Done(results) = posted else { return };
        for result in results {
            match result {
                Published::New(_) => self.events_accepted.inc(),
                Published::Duplicate(_) => self.events_duplicate.inc(),
                Published::Refused(_) => self.events_refused.inc(),
            };
        }
    }

    fn of_reason(&self, reason: FailureReason) -> &Counter {
        &self.failures[reason as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_counts_under_its_own_name() {
        for (place, reason) in FailureReason::ALL.into_iter().enumerate() {
            assert_eq!(place, reason as usize, "{}", reason.as_str());
        }
    }

    #[test]
    fn a_request_that_is_cut_off_is_in_flight_no_more() {
        let metrics = Metrics::default();
        let first = metrics.request_begins();
        let second = metrics.request_begins();
        drop(first);
        assert_eq!(metrics.requests_in_flight.get(), 1);
        drop(second);
        assert_eq!(metrics.requests_in_flight.get(), 0);
    }
}
