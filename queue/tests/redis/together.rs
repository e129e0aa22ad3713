//! Two instances on one prefix act as one queue.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::tenant::RateLimit;
use queue::redis::RedisQueue;
use queue::{Feedback, LEASE, Queue};
use tokio::time::{Instant, timeout};

use crate::world::{done, fetch_all, fresh_prefix, lane, open, push, settings, soon, worker};

fn two() -> (RedisQueue, RedisQueue) {
    let prefix = fresh_prefix();
    (open(&prefix), open(&prefix))
}

#[tokio::test]
async fn caps_hold_over_all_instances_together() {
    let (one, other) = two();
    let lane = lane(&one, queue::LaneSettings { max_in_flight: 10, ..settings() }).await;
    push(&other, lane, 40).await;
    let (one_worker, other_worker) = (worker(100), worker(100));
    let first = one.fetch(one_worker, 5).await.expect("the queue is up");
    let second = fetch_all(&other, other_worker).await;
    assert_eq!((first.len(), second.len()), (5, 3), "eight before the first success");
    other.complete(&done(&second[..1], Feedback::Success)).await.expect("the queue is up");
    let more = fetch_all(&one, one_worker).await;
    assert_eq!(first.len() + second.len() - 1 + more.len(), 10);
    assert!(fetch_all(&other, other_worker).await.is_empty());
    // A lease is known everywhere, whoever granted it.
    one.complete(&done(&second[1..], Feedback::Neutral)).await.expect("the queue is up");
    assert_eq!(fetch_all(&other, other_worker).await.len(), 2);
}

#[tokio::test]
async fn rates_hold_over_all_instances_together() {
    let (one, other) = two();
    let limit = RateLimit::new(20.0, Some(2)).expect("within the limits");
    let lane = lane(&one, queue::LaneSettings { rate_limit: Some(limit), ..settings() }).await;
    let start = Instant::now();
    push(&one, lane, 12).await;
    let take = |queue: RedisQueue| {
        tokio::spawn(async move {
            let (worker, mut taken) = (worker(100), 0);
            while let Ok(tickets) = timeout(Duration::from_secs(2), queue.fetch(worker, 10)).await {
                let tickets = tickets.expect("the queue is up");
                taken += tickets.len();
                queue.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
            }
            (taken, start.elapsed())
        })
    };
    let ((of_one, _), (of_other, ended)) =
        (soon(take(one)).await.expect("no panic"), soon(take(other)).await.expect("no panic"));
    assert_eq!(of_one + of_other, 12);
    // Two at once, then one each 50 ms.
    assert!(ended >= Duration::from_millis(499), "the rate was exceeded: {ended:?}");
}

/// Takes as long as a lease.
#[tokio::test]
async fn what_an_instance_held_that_went_away_is_handed_out_by_another() {
    let (one, other) = two();
    let lane = lane(&one, settings()).await;
    let pushed = push(&one, lane, 3).await;
    let start = Instant::now();
    let held = one.fetch(worker(10), 3).await.expect("the queue is up");
    assert_eq!(held.len(), 3);
    drop(one);
    let mut again = timeout(LEASE * 2, other.fetch(worker(10), 3))
        .await
        .expect("leases run out")
        .expect("the queue is up");
    let took = start.elapsed();
    assert!(took >= LEASE - Duration::from_millis(1), "{took:?}");
    again.extend(fetch_all(&other, worker(10)).await);
    let ids: Vec<_> = again.iter().filter_map(|ticket| ticket.delivery).collect();
    assert_eq!(ids, pushed.iter().map(|due| due.delivery).collect::<Vec<_>>());
    assert_eq!(other.stats().await.expect("the queue is up").leases_reclaimed, 3);
}

#[tokio::test]
async fn each_delivery_goes_to_one_of_two_instances() {
    let (one, other) = two();
    let mut pushed = HashSet::new();
    for _ in 0..8 {
        let lane = lane(&one, settings()).await;
        pushed.extend(push(&other, lane, 100).await.into_iter().map(|due| due.delivery));
    }
    let drain = |queue: RedisQueue| {
        tokio::spawn(async move {
            let (worker, mut seen) = (worker(64), Vec::new());
            while let Ok(tickets) = timeout(Duration::from_secs(2), queue.fetch(worker, 16)).await {
                let tickets = tickets.expect("the queue is up");
                seen.extend(tickets.iter().filter_map(|ticket| ticket.delivery));
                queue.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
            }
            seen
        })
    };
    let (of_one, of_other) = (drain(one), drain(other));
    let mut seen = soon(of_one).await.expect("no panic");
    seen.extend(soon(of_other).await.expect("no panic"));
    assert_eq!(seen.len(), pushed.len());
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), pushed);
}

#[tokio::test]
async fn statistics_of_many_lanes_are_gathered_page_by_page() {
    let (one, other) = two();
    let mut lanes = Vec::new();
    for _ in 0..230 {
        lanes.push(lane(&one, settings()).await);
    }
    for lane in &lanes {
        push(&one, *lane, 2).await;
    }
    let stats = other.stats().await.expect("the queue is up");
    assert_eq!((stats.lanes, stats.ready, stats.delayed), (230, 460, 0));
    let tickets = fetch_all(&other, worker(1000)).await;
    other.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
    let stats = one.stats().await.expect("the queue is up");
    assert_eq!((stats.lanes, stats.ready, stats.leased), (230, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_of_a_fetch_that_was_dropped_meanwhile_come_back_at_once() {
    let queue = Arc::new(open(&fresh_prefix()));
    let lane = lane(&queue, settings()).await;
    let mut pushed = HashSet::new();
    let (worker, start) = (worker(100), Instant::now());
    for pause in 0..100_u64 {
        pushed.extend(push(&queue, lane, 1).await.into_iter().map(|due| due.delivery));
        let fetching = tokio::spawn({
            let queue = queue.clone();
            async move { queue.fetch(worker, 8).await }
        });
        // Between the question's being sent and the answer's being taken, some of the time.
        tokio::time::sleep(Duration::from_micros(pause * 10)).await;
        fetching.abort();
        if let Ok(Ok(tickets)) = fetching.await {
            for ticket in &tickets {
                assert!(ticket.delivery.is_some_and(|id| pushed.remove(&id)), "handed out twice");
            }
            queue.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
        }
    }
    while !pushed.is_empty() {
        let tickets = soon(queue.fetch(worker, 8)).await.expect("the queue is up");
        for ticket in &tickets {
            assert!(ticket.delivery.is_some_and(|id| pushed.remove(&id)), "handed out twice");
        }
        queue.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
    }
    assert!(start.elapsed() < LEASE / 2, "it took a lease's end to get them back");
}
