//! Lanes in strict order.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Bench, due, due_in, ids, ms};
use crate::{Class, Feedback, Queue};

pub async fn an_ordered_lane_has_one_ticket_at_a_time(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane_with(|settings| settings.ordered = true).await;
    bench.push(lane, 10).await;
    let ticket = bench.fetch_one().await;
    assert_eq!((ticket.lane, ticket.delivery), (lane, None));
    bench.expect_nothing().await;
    let start = Instant::now();
    bench.complete(&[ticket], due_in(ms(200)), Feedback::Success).await;
    let ticket = bench.fetch_one().await;
    assert!(start.elapsed() >= ms(199), "the head came early, after {:?}", start.elapsed());
    bench.complete(&[ticket], due_in(Duration::ZERO), Feedback::Success).await;
    let ticket = bench.fetch_one().await;
    bench.expect_nothing().await;
    bench.done(&[ticket]).await;
    bench.expect_nothing().await;
    bench
        .push_these(&[
            due(lane, Class::First, Duration::from_secs(3600)),
            due(lane, Class::First, ms(100)),
        ])
        .await;
    let ticket = bench.fetch_one().await;
    bench.done(&[ticket]).await;
    bench.expect_nothing().await;
}

pub async fn a_push_during_the_lease_of_an_ordered_lane_counts_afterwards(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane_with(|settings| settings.ordered = true).await;
    bench.push(lane, 1).await;
    let ticket = bench.fetch_one().await;
    bench.push(lane, 1).await;
    bench.expect_nothing().await;
    bench.done(&[ticket]).await;
    let ticket = bench.fetch_one().await;
    bench.push(lane, 1).await;
    bench.complete(&[ticket], due_in(Duration::from_secs(60)), Feedback::Neutral).await;
    let ticket = bench.fetch_one().await;
    bench.done(&[ticket]).await;
    bench.expect_nothing().await;
}

pub async fn a_lane_that_is_ordered_no_more_waits_for_its_last_head(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane_with(|settings| settings.ordered = true).await;
    bench.push(lane, 1).await;
    let head = bench.fetch_one().await;
    bench.configure(lane, |settings| settings.revision = 2).await;
    // One of these might be the one that is out: its ticket names none.
    let waiting = bench.push(lane, 2).await;
    bench.expect_nothing().await;
    bench.done(&[head]).await;
    assert_eq!(ids(&bench.fetch(2).await), waiting);
}
