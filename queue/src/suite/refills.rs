//! Windows, marks and refills.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Bench, due, ids};
use crate::{Breaker, Class, Due, HORIZON, Queue, Refill, RefillRequest, WINDOW};

const SECOND: Duration = Duration::from_secs(1);

pub async fn a_full_window_leaves_the_latest_to_the_database(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let later: Vec<_> = (0..WINDOW).map(|_| due(lane, Class::First, 60 * SECOND)).collect();
    bench.push_these(&later).await;
    assert_eq!(bench.stats().await.lanes_behind, 0);
    let sooner = bench.push(lane, WINDOW / 2).await;
    let stats = bench.stats().await;
    assert_eq!((stats.ready, stats.delayed, stats.lanes_behind), (WINDOW / 2, WINDOW / 2, 1));
    bench.expect_no_refill().await;
    drain(&bench, sooner.len()).await;
    let [request] = bench.wants_refill().await[..] else { panic!("one class has room") };
    assert_eq!(
        (request.lane, request.class, request.limit),
        (lane, Class::First, WINDOW + WINDOW / 2)
    );
    bench.expect_no_refill().await;
    // The database answers with all it holds: those that wait here already are among them.
    answer(&bench, request, later, None).await;
    let stats = bench.stats().await;
    assert_eq!((stats.delayed, stats.lanes_behind), (WINDOW, 0));
    bench.expect_no_refill().await;
}

pub async fn what_is_due_beyond_the_horizon_is_left_to_the_database(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    bench.push_these(&[due(lane, Class::Retry, HORIZON + 60 * SECOND)]).await;
    let stats = bench.stats().await;
    assert_eq!((stats.ready, stats.delayed, stats.lanes_behind), (0, 0, 1));
    bench.expect_no_refill().await;
}

pub async fn what_is_turned_away_after_the_question_keeps_the_mark(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let in_database: Vec<_> =
        (0..WINDOW + 20).map(|_| due(lane, Class::First, Duration::ZERO)).collect();
    bench.push_these(&in_database).await;
    let mut seen = drain(&bench, WINDOW / 2).await;
    let [request] = bench.wants_refill().await[..] else { panic!("one class has room") };
    // Between question and answer the window fills and more is turned away.
    let rest: Vec<_> =
        in_database.iter().filter(|due| !seen.contains(&due.delivery)).copied().collect();
    let late: Vec<_> = (0..WINDOW).map(|_| due(lane, Class::First, Duration::ZERO)).collect();
    bench.push_these(&late).await;
    answer(&bench, request, rest, None).await;
    assert_eq!(
        bench.stats().await.lanes_behind,
        1,
        "what the answer could not know is not forgotten"
    );
    let all: Vec<_> = in_database.into_iter().chain(late).collect();
    while bench.stats().await.lanes_behind == 1 {
        seen.extend(drain(&bench, WINDOW / 2).await);
        for request in bench.wants_refill().await {
            let rest = all.iter().filter(|due| !seen.contains(&due.delivery));
            answer(&bench, request, rest.copied().take(request.limit).collect(), None).await;
        }
    }
    let left = all.len() - seen.len();
    seen.extend(drain(&bench, left).await);
    assert_eq!(seen, all.iter().map(|due| due.delivery).collect());
}

pub async fn an_unanswered_refill_is_asked_for_again(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let all: Vec<_> = (0..2 * WINDOW).map(|_| due(lane, Class::First, Duration::ZERO)).collect();
    bench.push_these(&all).await;
    let seen = drain(&bench, WINDOW).await;
    let [lost] = bench.wants_refill().await[..] else { panic!("one class has room") };
    let [again] = bench.wants_refill().await[..] else { panic!("one class has room") };
    assert_eq!((again.lane, again.class), (lane, Class::First));
    let rest: Vec<_> = all.iter().filter(|due| !seen.contains(&due.delivery)).copied().collect();
    answer(&bench, again, rest.clone(), None).await;
    answer(&bench, lost, rest, None).await;
    drain(&bench, WINDOW).await;
    assert_eq!(bench.stats().await.lanes_behind, 0);
    bench.expect_nothing().await;
}

pub async fn a_lane_that_is_not_served_asks_for_no_refill(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let paused = bench.lane_with(|settings| settings.paused = true).await;
    let open = bench
        .lane_with(|settings| settings.breaker = Breaker::Open { probe_after: 60 * SECOND })
        .await;
    for lane in [paused, open] {
        let far = due(lane, Class::Retry, HORIZON + SECOND / 2);
        bench.push_these(&[far, due(lane, Class::First, Duration::ZERO)]).await;
    }
    tokio::time::sleep(SECOND).await;
    bench.expect_no_refill().await;
    bench.configure(paused, |_| {}).await;
    let [request] = bench.wants_refill().await[..] else { panic!("one lane is served again") };
    assert_eq!((request.lane, request.class), (paused, Class::Retry));
    bench.expect_no_refill().await;
}

async fn drain(bench: &Bench, count: usize) -> HashSet<domain::ids::DeliveryId> {
    let mut seen = HashSet::new();
    while seen.len() < count {
        let tickets = bench.fetch(1).await;
        assert!(ids(&tickets).iter().all(|id| seen.insert(*id)), "handed out twice");
        bench.done(&tickets).await;
    }
    seen
}

async fn answer(bench: &Bench, request: RefillRequest, due: Vec<Due>, beyond: Option<Duration>) {
    bench.queue.refill(Refill { request, due, beyond }).await.expect("the queue is up");
}
