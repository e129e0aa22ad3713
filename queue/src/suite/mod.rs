//! What every implementation of [`Queue`] must pass.
//!
//! Each case is a function that takes a fresh, empty queue and works through the trait alone, on
//! the queue's own time: it waits for what must happen, and for what must not happen only as long
//! as it takes to be sure. [`conformance!`](crate::conformance) makes a test of each.

mod fairness;
mod leases;
mod limits;
mod ordered;
mod refills;
mod serving;

pub use self::fairness::{
    a_tenant_takes_at_most_a_quarter_of_the_slots_while_others_wait,
    lanes_of_a_tenant_are_served_in_turn, later_classes_get_every_tenth_turn,
    many_lanes_of_a_tenant_are_served_in_turn, slow_lanes_leave_the_last_eighth_of_the_slots_free,
    slow_lanes_take_at_most_half_of_the_slots_while_others_wait, tenants_are_served_in_turn,
};
pub use self::leases::{
    a_cancelled_fetch_loses_nothing, a_lease_that_runs_out_is_handed_out_again,
    a_renewed_lease_is_kept, an_old_token_changes_nothing,
    each_delivery_goes_to_one_of_many_workers, what_is_out_of_a_lane_is_known,
};
pub use self::limits::{
    a_closing_breaker_starts_with_one_request_in_flight, a_lane_is_paused_and_resumed,
    a_suspended_tenant_waits_with_all_its_lanes, a_throttled_lane_is_served_less,
    an_open_breaker_lets_one_probe_out, older_settings_are_ignored,
    rates_of_lane_and_tenant_both_hold,
    requests_in_flight_are_capped_and_the_cap_grows_with_success,
};
pub use self::ordered::{
    a_lane_that_is_ordered_no_more_waits_for_its_last_head,
    a_push_during_the_lease_of_an_ordered_lane_counts_afterwards,
    an_ordered_lane_has_one_ticket_at_a_time,
};
pub use self::refills::{
    a_full_window_leaves_the_latest_to_the_database, a_lane_that_is_not_served_asks_for_no_refill,
    an_unanswered_refill_is_asked_for_again,
    what_is_due_beyond_the_horizon_is_left_to_the_database,
    what_is_turned_away_after_the_question_keeps_the_mark,
};
pub use self::serving::{
    a_dropped_lane_is_forgotten, a_finished_delivery_is_forgotten,
    a_lane_without_settings_is_not_served, a_push_wakes_who_waits,
    a_retry_comes_back_after_its_delay, deliveries_come_in_the_order_they_are_due,
    pushing_what_is_known_changes_nothing, statistics_add_up,
    what_is_handed_in_is_as_if_it_were_pushed, who_hands_in_learns_that_lanes_are_crowded,
};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    Breaker, Class, Completion, Due, Feedback, LaneSettings, Next, Queue, RefillRequest, Stats,
    Ticket, WorkerSlots,
};

/// Makes a test of each case of the suite: `conformance!(#[tokio::test] make)`, where `make().await`
/// gives an `Arc<dyn Queue>` that nobody else uses.
#[macro_export]
macro_rules! conformance {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::conformance! { @each [$(#[$attribute])+] [$make]
            a_cancelled_fetch_loses_nothing
            a_closing_breaker_starts_with_one_request_in_flight
            a_dropped_lane_is_forgotten
            a_finished_delivery_is_forgotten
            a_full_window_leaves_the_latest_to_the_database
            a_lane_is_paused_and_resumed
            a_lane_that_is_not_served_asks_for_no_refill
            a_lane_that_is_ordered_no_more_waits_for_its_last_head
            a_lane_without_settings_is_not_served
            a_lease_that_runs_out_is_handed_out_again
            a_push_during_the_lease_of_an_ordered_lane_counts_afterwards
            a_push_wakes_who_waits
            a_renewed_lease_is_kept
            a_retry_comes_back_after_its_delay
            a_suspended_tenant_waits_with_all_its_lanes
            a_tenant_takes_at_most_a_quarter_of_the_slots_while_others_wait
            a_throttled_lane_is_served_less
            an_old_token_changes_nothing
            an_open_breaker_lets_one_probe_out
            an_ordered_lane_has_one_ticket_at_a_time
            an_unanswered_refill_is_asked_for_again
            deliveries_come_in_the_order_they_are_due
            each_delivery_goes_to_one_of_many_workers
            lanes_of_a_tenant_are_served_in_turn
            many_lanes_of_a_tenant_are_served_in_turn
            later_classes_get_every_tenth_turn
            older_settings_are_ignored
            pushing_what_is_known_changes_nothing
            rates_of_lane_and_tenant_both_hold
            requests_in_flight_are_capped_and_the_cap_grows_with_success
            slow_lanes_leave_the_last_eighth_of_the_slots_free
            slow_lanes_take_at_most_half_of_the_slots_while_others_wait
            statistics_add_up
            tenants_are_served_in_turn
            what_is_due_beyond_the_horizon_is_left_to_the_database
            what_is_handed_in_is_as_if_it_were_pushed
            what_is_out_of_a_lane_is_known
            what_is_turned_away_after_the_question_keeps_the_mark
            who_hands_in_learns_that_lanes_are_crowded
        }
    };
    (@each $attributes:tt $make:tt $($case:ident)+) => {
        $($crate::conformance! { @one $attributes $make $case })+
    };
    (@one [$($attribute:tt)+] [$make:expr] $case:ident) => {
        $($attribute)+
        async fn $case() {
            $crate::suite::$case($make().await).await;
        }
    };
}

/// Longer than anything that must happen takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// As long as it takes to be sure that nothing happens.
const SILENCE: Duration = Duration::from_millis(80);

/// A queue and a worker that calls it.
#[derive(Clone)]
struct Bench {
    queue: Arc<dyn Queue>,
    worker: WorkerSlots,
    tenant: TenantId,
}

impl Bench {
    fn new(queue: Arc<dyn Queue>) -> Self {
        Self { queue, worker: worker(1000), tenant: tenant() }
    }

    /// A lane of the bench's tenant with settings.
    async fn lane(&self) -> SubscriptionId {
        self.lane_with(|_| {}).await
    }

    async fn lane_with(&self, adjust: impl FnOnce(&mut LaneSettings)) -> SubscriptionId {
        let lane = SubscriptionId(Uuid::now_v7());
        self.configure(lane, adjust).await;
        lane
    }

    async fn configure(&self, lane: SubscriptionId, adjust: impl FnOnce(&mut LaneSettings)) {
        let mut settings = settings(self.tenant);
        adjust(&mut settings);
        self.queue.configure_lane(lane, settings).await.expect("the queue is up");
    }

    /// Pushes `count` new deliveries that are due now.
    async fn push(&self, lane: SubscriptionId, count: usize) -> Vec<DeliveryId> {
        let due: Vec<_> = (0..count).map(|_| due(lane, Class::First, Duration::ZERO)).collect();
        self.push_these(&due).await;
        due.iter().map(|due| due.delivery).collect()
    }

    /// How many of them were taken in.
    async fn push_these(&self, due: &[Due]) -> usize {
        self.queue.push(due).await.expect("the queue is up")
    }

    /// How many have met a crowded lane so far.
    async fn hand_in(&self, due: &[Due]) -> usize {
        self.queue.hand_in(due).await.expect("the queue is up")
    }

    /// Fetches exactly `count` tickets, in as many calls as it takes.
    async fn fetch(&self, count: usize) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        while tickets.len() < count {
            let more = self.queue.fetch(self.worker, count - tickets.len());
            tickets.extend(soon(more).await.expect("the queue is up"));
        }
        tickets
    }

    async fn fetch_one(&self) -> Ticket {
        self.fetch(1).await.remove(0)
    }

    /// Fetches all that is to be had now.
    async fn fetch_all(&self) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        while let Ok(more) = timeout(SILENCE, self.queue.fetch(self.worker, 1000)).await {
            tickets.extend(more.expect("the queue is up"));
        }
        tickets
    }

    async fn expect_nothing(&self) {
        let tickets = self.fetch_all().await;
        assert!(tickets.is_empty(), "nothing may be handed out, but was: {tickets:?}");
    }

    async fn complete(&self, tickets: &[Ticket], next: Next, feedback: Feedback) {
        let completions: Vec<_> =
            tickets.iter().map(|ticket| Completion { ticket: *ticket, next, feedback }).collect();
        self.queue.complete(&completions).await.expect("the queue is up");
    }

    async fn done(&self, tickets: &[Ticket]) {
        self.complete(tickets, Next::Done, Feedback::Neutral).await;
    }

    async fn wants_refill(&self) -> Vec<RefillRequest> {
        soon(self.queue.wants_refill()).await.expect("the queue is up")
    }

    async fn expect_no_refill(&self) {
        let wanted = timeout(SILENCE, self.queue.wants_refill()).await;
        assert!(wanted.is_err(), "no refill may be wanted, but was: {wanted:?}");
    }

    async fn stats(&self) -> Stats {
        self.queue.stats().await.expect("the queue is up")
    }
}

/// Settings of a lane about which nothing is special.
pub fn settings(tenant: TenantId) -> LaneSettings {
    LaneSettings {
        tenant,
        revision: 1,
        ordered: false,
        paused: false,
        max_in_flight: 64,
        rate_limit: None,
        breaker: Breaker::Closed,
    }
}

fn tenant() -> TenantId {
    TenantId(Uuid::now_v7())
}

fn worker(slots: usize) -> WorkerSlots {
    WorkerSlots { worker: Uuid::now_v7(), slots }
}

fn due(lane: SubscriptionId, class: Class, delay: Duration) -> Due {
    Due { lane, delivery: DeliveryId(Uuid::now_v7()), class, delay }
}

fn due_in(delay: Duration) -> Next {
    Next::DueIn { delay, class: Class::Retry }
}

fn ids(tickets: &[Ticket]) -> Vec<DeliveryId> {
    tickets.iter().filter_map(|ticket| ticket.delivery).collect()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("what must happen happens soon")
}
