//! Who holds a delivery, and for how long.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Bench, due_in, ids, ms, soon, worker};
use crate::{Feedback, LEASE, LEASE_RENEWAL, Queue};

pub async fn an_old_token_changes_nothing(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    bench.push(lane, 1).await;
    let first = bench.fetch_one().await;
    bench.complete(&[first], due_in(Duration::ZERO), Feedback::Neutral).await;
    let second = bench.fetch_one().await;
    bench.complete(&[first], due_in(Duration::ZERO), Feedback::Neutral).await;
    bench.done(&[first]).await;
    bench.expect_nothing().await;
    let lost = bench.queue.extend_lease(&[first, second]).await.expect("the queue is up");
    assert_eq!(lost, [first]);
    bench.done(&[second]).await;
    bench.complete(&[second], due_in(Duration::ZERO), Feedback::Neutral).await;
    bench.expect_nothing().await;
}

/// Takes as long as a lease on a queue that runs on real time.
pub async fn a_lease_that_runs_out_is_handed_out_again(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    let pushed = bench.push(lane, 3).await;
    let start = Instant::now();
    let lost = bench.fetch(2).await;
    let rest = bench.fetch(1).await;
    bench.done(&rest).await;
    let again = timeout(LEASE * 2, bench.queue.fetch(worker(10), 1)).await;
    assert!(start.elapsed() >= LEASE - ms(1), "a lease ended early, after {:?}", start.elapsed());
    let mut again = again.expect("leases run out").expect("the queue is up");
    again.extend(bench.fetch(2 - again.len()).await);
    assert_eq!(ids(&again), pushed[..2], "in the order in which they stood");
    assert_eq!(bench.stats().await.leases_reclaimed, 2);
    bench.done(&lost).await;
    bench.complete(&lost, due_in(Duration::ZERO), Feedback::Neutral).await;
    assert_eq!(bench.stats().await.leased, 2, "the old tokens are worth nothing");
}

/// Takes longer than a lease on a queue that runs on real time.
pub async fn a_renewed_lease_is_kept(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    bench.push(lane, 1).await;
    let ticket = bench.fetch_one().await;
    let start = Instant::now();
    while start.elapsed() < LEASE + LEASE_RENEWAL {
        let nothing = timeout(LEASE_RENEWAL, bench.queue.fetch(bench.worker, 1)).await;
        assert!(nothing.is_err(), "a renewed lease was handed out again");
        let lost = bench.queue.extend_lease(&[ticket]).await.expect("the queue is up");
        assert!(lost.is_empty());
    }
    bench.done(&[ticket]).await;
    assert_eq!(bench.stats().await.leases_reclaimed, 0);
}

pub async fn a_cancelled_fetch_loses_nothing(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    for _ in 0..20 {
        let waiting = tokio::spawn({
            let bench = bench.clone();
            async move { bench.fetch_one().await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        let cut_off = waiting.await;
        let pushed = bench.push(lane, 1).await;
        assert!(cut_off.is_err());
        let tickets = bench.fetch(1).await;
        assert_eq!(ids(&tickets), pushed);
        bench.done(&tickets).await;
    }
}

pub async fn each_delivery_goes_to_one_of_many_workers(queue: Arc<dyn Queue>) {
    const WORKERS: usize = 4;
    let bench = Bench::new(queue);
    let mut pushed = HashSet::new();
    for _ in 0..10 {
        let lane = bench.lane().await;
        pushed.extend(bench.push(lane, 100).await);
    }
    let workers: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(drain(bench.queue.clone()))).collect();
    let mut seen = Vec::new();
    for worker in workers {
        seen.extend(soon(worker).await.expect("no worker panics"));
    }
    assert_eq!(seen.len(), pushed.len());
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), pushed);
}

async fn drain(queue: Arc<dyn Queue>) -> Vec<domain::ids::DeliveryId> {
    let bench = Bench { worker: worker(16), ..Bench::new(queue) };
    let mut seen = Vec::new();
    while let Ok(tickets) = timeout(ms(500), bench.queue.fetch(bench.worker, 8)).await {
        let tickets = tickets.expect("the queue is up");
        seen.extend(ids(&tickets));
        bench.complete(&tickets, crate::Next::Done, Feedback::Success).await;
        tokio::task::yield_now().await;
    }
    seen
}

pub async fn what_is_out_of_a_lane_is_known(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let (lane, other) = (bench.lane().await, bench.lane().await);
    let in_flight = || async {
        let mut out = bench.queue.in_flight(lane).await.expect("the queue is up");
        out.sort_unstable();
        out
    };
    assert_eq!(in_flight().await, []);
    let pushed = bench.push(lane, 3).await;
    assert_eq!(in_flight().await, [], "what waits is not out");
    let tickets = bench.fetch(2).await;
    bench.push(other, 1).await;
    let _of_another_lane = bench.fetch(2).await;
    assert_eq!(in_flight().await, pushed.iter().copied().map(Some).collect::<Vec<_>>());
    bench.done(&tickets[..1]).await;
    assert_eq!(in_flight().await, pushed[1..].iter().copied().map(Some).collect::<Vec<_>>());

    let ordered = bench.lane_with(|settings| settings.ordered = true).await;
    bench.push(ordered, 1).await;
    bench.fetch_one().await;
    let head = bench.queue.in_flight(ordered).await.expect("the queue is up");
    assert_eq!(head, [None], "its ticket names no delivery");
}
