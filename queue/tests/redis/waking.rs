//! Who waits is woken at once, and costs nothing meanwhile.

use std::sync::Arc;
use std::time::Duration;

use queue::redis::RedisQueue;
use queue::{Feedback, LEASE, Queue};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::server::Server;
use crate::world::{done, fresh_prefix, lane, open, push, settings, soon, worker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_is_picked_up_by_another_instance_within_ten_milliseconds() {
    const SAMPLES: usize = 200;
    let prefix = fresh_prefix();
    let (pushing, fetching) = (open(&prefix), open(&prefix));
    let lane = lane(&pushing, settings()).await;
    let (sender, mut received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let worker = worker(64);
        loop {
            let tickets = fetching.fetch(worker, 64).await.expect("the queue is up");
            let arrived = Instant::now();
            fetching.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
            if sender.send(arrived).is_err() {
                return;
            }
        }
    });
    let mut waited = Vec::new();
    for _ in 0..SAMPLES {
        // Long enough for the fetch to be asleep again.
        tokio::time::sleep(Duration::from_millis(4)).await;
        let pushed = Instant::now();
        push(&pushing, lane, 1).await;
        let arrived = soon(received.recv()).await.expect("the fetching task runs");
        waited.push(arrived.saturating_duration_since(pushed));
    }
    waited.sort_unstable();
    let (p50, p95) = (waited[SAMPLES / 2], waited[SAMPLES * 95 / 100]);
    println!("push to fetch: p50 {p50:?}, p95 {p95:?}, max {:?}", waited[SAMPLES - 1]);
    // Somebody who polled would take seconds; the figure itself is told, not asserted here.
    assert!(p95 <= Duration::from_secs(1), "p95 {p95:?}");
}

#[tokio::test]
async fn waiting_costs_redis_next_to_nothing() {
    let server = Server::start();
    let queue = Arc::new(RedisQueue::open(&server.url(), "idle").expect("an address"));
    let lane = lane(&queue, settings()).await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.fetch(worker(64), 64).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = server.calls_of("fcall");
    tokio::time::sleep(Duration::from_secs(11)).await;
    let calls = server.calls_of("fcall") - before;
    assert!(calls <= 8, "{calls} functions in eleven idle seconds");
    push(&queue, lane, 1).await;
    assert_eq!(soon(waiting).await.expect("no panic").expect("the queue is up").len(), 1);
}

#[tokio::test]
async fn pushes_call_nobody_who_has_been_called_already_or_has_no_slot() {
    let server = Server::start();
    let queue = Arc::new(RedisQueue::open(&server.url(), "load").expect("an address"));
    let lane = lane(&queue, settings()).await;
    // Before anybody sleeps, nobody is called.
    push(&queue, lane, 8).await;
    assert_eq!(server.calls_of("publish"), 1, "but for the start of the epoch");
    let worker = worker(4);
    let held = queue.fetch(worker, 4).await.expect("the queue is up");
    assert_eq!(held.len(), 4);
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.fetch(worker, 4).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..50 {
        push(&queue, lane, 1).await;
    }
    assert_eq!(server.calls_of("publish"), 1, "the worker has no slot to give");
    queue.complete(&done(&held[..1], Feedback::Success)).await.expect("the queue is up");
    assert_eq!(soon(waiting).await.expect("no panic").expect("the queue is up").len(), 1);
    assert_eq!(server.calls_of("publish"), 2);
}

#[tokio::test]
async fn notifications_are_heard_again_after_their_connection_ended() {
    let server = Server::start();
    let queue = Arc::new(RedisQueue::open(&server.url(), "deaf").expect("an address"));
    let lane = lane(&queue, settings()).await;
    for _ in 0..3 {
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.fetch(worker(64), 64).await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.call_number(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        push(&queue, lane, 1).await;
        let start = Instant::now();
        let tickets = soon(waiting).await.expect("no panic").expect("the queue is up");
        assert_eq!(tickets.len(), 1);
        assert!(start.elapsed() < LEASE / 10, "woken after {:?}", start.elapsed());
        queue.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
    }
}
