//! Pushing, fetching and finishing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Bench, due, due_in, ids, ms, soon};
use crate::{CROWDED_AFTER, Class, Feedback, Next, Queue, WINDOW};
use domain::ids::SubscriptionId;

pub async fn a_lane_without_settings_is_not_served(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = SubscriptionId(Uuid::now_v7());
    let pushed = bench.push(lane, 2).await;
    bench.expect_nothing().await;
    bench.configure(lane, |_| {}).await;
    assert_eq!(ids(&bench.fetch(2).await), pushed);
}

pub async fn a_push_wakes_who_waits(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let waiting = tokio::spawn({
        let bench = bench.clone();
        async move { bench.fetch_one().await }
    });
    tokio::task::yield_now().await;
    let pushed = bench.push(lane, 1).await;
    let ticket = soon(waiting).await.expect("the waiting task does not panic");
    assert_eq!((ticket.lane, ticket.delivery), (lane, Some(pushed[0])));
    assert!(ticket.waited < Duration::from_secs(1) && !ticket.probe);
    bench.expect_nothing().await;
}

pub async fn what_is_handed_in_is_as_if_it_were_pushed(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane_with(|settings| settings.max_in_flight = 1).await;
    let waiting = tokio::spawn({
        let bench = bench.clone();
        async move { bench.fetch_one().await }
    });
    tokio::task::yield_now().await;
    let handed_in: Vec<_> =
        (0..WINDOW + 9).map(|_| due(lane, Class::First, Duration::ZERO)).collect();
    let (first, more) = handed_in.split_first().expect("some");
    bench.hand_in(&[*first]).await;
    let ticket = soon(waiting).await.expect("the waiting task does not panic");
    assert_eq!(ticket.delivery, Some(first.delivery));
    bench.hand_in(more).await;
    bench.hand_in(&[*first]).await;
    let stats = bench.stats().await;
    assert_eq!((stats.ready, stats.leased, stats.lanes_behind), (WINDOW, 1, 1));
    bench.done(&[ticket]).await;
    let next = bench.fetch_one().await;
    assert_eq!(next.delivery, Some(more[0].delivery));
    assert_eq!(bench.push_these(more).await, 1, "one has left the window, the others are known");
}

pub async fn who_hands_in_learns_that_lanes_are_crowded(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let [crowded, half_full, delayed, paused] = [
        bench.lane().await,
        bench.lane().await,
        bench.lane().await,
        bench.lane_with(|settings| settings.paused = true).await,
    ];
    let fill = |lane, count, delay| -> Vec<_> {
        (0..count).map(|_| due(lane, Class::First, delay)).collect()
    };
    bench.push_these(&fill(half_full, WINDOW / 2, Duration::ZERO)).await;
    bench.push_these(&fill(delayed, WINDOW, ms(60_000))).await;
    bench.push_these(&fill(paused, WINDOW, Duration::ZERO)).await;
    let full = fill(crowded, WINDOW, Duration::ZERO);
    bench.push_these(&full).await;
    // Those that nobody fetches become overdue.
    tokio::time::sleep(CROWDED_AFTER + ms(5)).await;
    for lane in [half_full, delayed, paused] {
        bench.hand_in(&fill(lane, 1, ms(60_000))).await;
    }
    bench.hand_in(&[due(delayed, Class::First, Duration::ZERO), full[0], full[1]]).await;
    bench.stats().await;
    let met = bench.hand_in(&fill(half_full, 1, ms(60_000))).await;
    assert_eq!(met, 2, "those of the crowded lane, known or not, and none that only wait");
}

pub async fn deliveries_come_in_the_order_they_are_due(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let [late, soon, now, also_now] =
        [300, 150, 0, 0].map(|delay| due(lane, Class::First, ms(delay)));
    let start = Instant::now();
    bench.push_these(&[late, soon, now, also_now]).await;
    let tickets = bench.fetch(4).await;
    let expected = [now, also_now, soon, late].map(|due| due.delivery);
    assert_eq!(ids(&tickets), expected);
    assert!(start.elapsed() >= ms(299), "the last one came early, after {:?}", start.elapsed());
}

pub async fn pushing_what_is_known_changes_nothing(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let first = due(lane, Class::First, Duration::ZERO);
    assert_eq!(bench.push_these(&[first, first]).await, 1);
    assert_eq!(bench.push_these(&[first]).await, 0);
    let tickets = bench.fetch_all().await;
    assert_eq!(ids(&tickets), [first.delivery], "waiting, it is pushed again");
    assert_eq!(bench.push_these(&[first]).await, 0);
    bench.expect_nothing().await;
    bench.complete(&tickets, due_in(ms(200)), Feedback::Neutral).await;
    assert_eq!(bench.push_these(&[first]).await, 0);
    bench.expect_nothing().await;
    assert_eq!(ids(&bench.fetch(1).await), [first.delivery], "delayed, it comes once");
    bench.expect_nothing().await;
}

pub async fn a_finished_delivery_is_forgotten(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let only = due(lane, Class::First, Duration::ZERO);
    bench.push_these(&[only]).await;
    let tickets = bench.fetch(1).await;
    bench.done(&tickets).await;
    let stats = bench.stats().await;
    assert_eq!((stats.ready, stats.delayed, stats.leased), (0, 0, 0));
    assert_eq!(bench.push_these(&[only]).await, 1);
    assert_eq!(ids(&bench.fetch(1).await), [only.delivery], "a second push is a new beginning");
}

pub async fn a_retry_comes_back_after_its_delay(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    bench.push(lane, 1).await;
    let ticket = bench.fetch_one().await;
    let start = Instant::now();
    bench.complete(&[ticket], due_in(ms(250)), Feedback::Neutral).await;
    let again = bench.fetch_one().await;
    assert_eq!((again.delivery, again.class), (ticket.delivery, Class::Retry));
    assert!(start.elapsed() >= ms(249), "it came early, after {:?}", start.elapsed());
    assert_ne!(again.lease, ticket.lease);
    let released = Next::DueIn { delay: Duration::ZERO, class: Class::Retry };
    bench.complete(&[again], released, Feedback::Unattempted).await;
    assert_eq!(bench.fetch_one().await.delivery, ticket.delivery, "released, it is due at once");
}

pub async fn a_dropped_lane_is_forgotten(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let (lane, other) = (bench.lane().await, bench.lane().await);
    bench.push(lane, 20).await;
    let out = bench.fetch(3).await;
    bench.queue.drop_lane(lane).await.expect("the queue is up");
    bench.expect_nothing().await;
    let lost = bench.queue.extend_lease(&out).await.expect("the queue is up");
    assert_eq!(lost, out, "its leases are over");
    bench.complete(&out, due_in(Duration::ZERO), Feedback::Success).await;
    bench.expect_nothing().await;
    let stats = bench.stats().await;
    assert_eq!((stats.lanes, stats.ready, stats.leased), (1, 0, 0));
    let pushed = bench.push(other, 1).await;
    assert_eq!(ids(&bench.fetch(1).await), pushed);
}

pub async fn statistics_add_up(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let paused = bench.lane_with(|settings| settings.paused = true).await;
    bench.push(lane, 5).await;
    bench.push(paused, 2).await;
    bench.push_these(&[due(lane, Class::Retry, Duration::from_secs(60))]).await;
    bench.push_these(&[due(lane, Class::Retry, Duration::from_secs(3600))]).await;
    bench.fetch(2).await;
    let stats = bench.stats().await;
    assert_eq!(
        (stats.lanes, stats.lanes_paused, stats.lanes_open, stats.lanes_behind),
        (2, 1, 0, 1)
    );
    assert_eq!((stats.ready, stats.delayed, stats.leased), (5, 1, 2));
    assert_eq!(stats.leases_reclaimed, 0);
}
