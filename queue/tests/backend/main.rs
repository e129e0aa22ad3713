//! apalis runs tickets of a queue: in parallel, through errors of the queue, and stops gracefully.

mod blinking;

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{Data, Monitor, ParallelizeExt, WorkerBuilder};
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use parking_lot::Mutex;
use queue::backend::LaneBackend;
use queue::memory::MemoryQueue;
use queue::{Class, Completion, Due, Feedback, Next, Queue, Ticket, WorkerSlots};
use tokio::sync::Notify;
use uuid::Uuid;

use self::blinking::Blinking;

const SLOTS: usize = 64;

/// What the handlers of a test share.
#[derive(Clone)]
struct Handled {
    queue: Arc<dyn Queue>,
    seen: Arc<Mutex<HashSet<DeliveryId>>>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    enough: Arc<Notify>,
    expected: usize,
    takes: Duration,
}

impl Handled {
    fn new(queue: Arc<dyn Queue>, expected: usize, takes: Duration) -> Self {
        Self {
            queue,
            seen: Arc::default(),
            at_once: Arc::default(),
            most_at_once: Arc::default(),
            enough: Arc::new(Notify::new()),
            expected,
            takes,
        }
    }
}

async fn handle(ticket: Ticket, handled: Data<Handled>) {
    let now = handled.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    handled.most_at_once.fetch_max(now, Ordering::SeqCst);
    if !handled.takes.is_zero() {
        tokio::time::sleep(handled.takes).await;
    }
    handled.at_once.fetch_sub(1, Ordering::SeqCst);
    let completion = Completion { ticket, next: Next::Done, feedback: Feedback::Success };
    handled.queue.complete(&[completion]).await.expect("the queue under the handlers is up");
    let mut seen = handled.seen.lock();
    assert!(ticket.delivery.is_some_and(|id| seen.insert(id)), "handed out twice");
    if seen.len() == handled.expected {
        handled.enough.notify_one();
    }
}

fn monitor(queue: &Arc<dyn Queue>, handled: &Handled) -> Monitor {
    let (queue, handled) = (queue.clone(), handled.clone());
    let worker = WorkerSlots { worker: Uuid::now_v7(), slots: SLOTS };
    Monitor::new().register(move |_| {
        WorkerBuilder::new("deliver")
            .backend(LaneBackend::new(queue.clone(), worker))
            .data(handled.clone())
            .concurrency(SLOTS)
            .parallelize(tokio::spawn)
            .build(handle)
    })
}

async fn lanes(queue: &Arc<dyn Queue>, count: usize) -> Vec<SubscriptionId> {
    let settings = queue::suite::settings(TenantId(Uuid::now_v7()));
    let mut lanes = Vec::new();
    for _ in 0..count {
        let lane = SubscriptionId(Uuid::now_v7());
        queue.configure_lane(lane, settings.clone()).await.expect("the queue is up");
        lanes.push(lane);
    }
    lanes
}

fn due(lane: SubscriptionId) -> Due {
    Due { lane, delivery: DeliveryId(Uuid::now_v7()), class: Class::First, delay: Duration::ZERO }
}

async fn push(queue: &Arc<dyn Queue>, lanes: &[SubscriptionId], each: usize) {
    for lane in lanes {
        let due: Vec<_> = (0..each).map(|_| due(*lane)).collect();
        queue.push(&due).await.expect("the queue is up");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitored_worker_handles_tickets_in_parallel_and_stops_gracefully() {
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
    let lanes = lanes(&queue, 10).await;
    let handled = Handled::new(queue.clone(), 1000, Duration::from_millis(5));
    push(&queue, &lanes, 100).await;
    let enough = handled.enough.clone();
    let stop = async move {
        enough.notified().await;
        Ok(())
    };
    let ended = tokio::time::timeout(
        Duration::from_secs(30),
        monitor(&queue, &handled).run_with_signal(stop),
    )
    .await;
    ended.expect("the worker stops when told to").expect("the worker ends without an error");
    assert_eq!(handled.seen.lock().len(), 1000);
    let most = handled.most_at_once.load(Ordering::SeqCst);
    assert!(most > SLOTS / 2 && most <= SLOTS, "{most} at once on {SLOTS} slots");
    let stats = queue.stats().await.expect("the queue is up");
    assert_eq!((stats.ready, stats.leased), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_waits_for_what_runs_and_takes_nothing_more() {
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
    let lanes = lanes(&queue, 20).await;
    let handled = Handled::new(queue.clone(), usize::MAX, Duration::from_millis(300));
    push(&queue, &lanes, 20).await;
    let watched = handled.clone();
    let stop = async move {
        while watched.at_once.load(Ordering::SeqCst) < SLOTS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    };
    let ended = tokio::time::timeout(
        Duration::from_secs(30),
        monitor(&queue, &handled).run_with_signal(stop),
    )
    .await;
    ended.expect("the worker stops when told to").expect("the worker ends without an error");
    let done = handled.seen.lock().len();
    assert_eq!(done, SLOTS, "what ran was finished");
    let stats = queue.stats().await.expect("the queue is up");
    assert_eq!(
        (stats.ready, stats.leased),
        (400 - done, 0),
        "and the rest still waits, under no lease"
    );
}

#[tokio::test]
async fn closing_releases_what_was_fetched_and_not_started() {
    use apalis_core::backend::Backend;
    use apalis_core::worker::context::WorkerContext;
    use futures::future::poll_fn;

    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
    let lanes = lanes(&queue, 1).await;
    push(&queue, &lanes, 5).await;
    let context = WorkerContext::new("closing");
    let mut backend =
        LaneBackend::new(queue.clone(), WorkerSlots { worker: Uuid::now_v7(), slots: SLOTS });
    let started = poll_fn(|cx| backend.poll_next(cx, &context)).await;
    assert!(matches!(started, Some(Ok(_))));
    assert_eq!(queue.stats().await.expect("the queue is up").leased, 5);
    poll_fn(|cx| backend.poll_close(cx, &context)).await.expect("closing cannot fail");
    let stats = queue.stats().await.expect("the queue is up");
    assert_eq!((stats.ready, stats.leased), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_queue_costs_a_pause_and_ends_nothing() {
    let queue: Arc<dyn Queue> = Arc::new(Blinking::default());
    let lanes = lanes(&queue, 3).await;
    let handled = Handled::new(queue.clone(), 30, Duration::ZERO);
    push(&queue, &lanes, 10).await;
    let enough = handled.enough.clone();
    let stop = async move {
        enough.notified().await;
        Ok(())
    };
    monitor(&queue, &handled)
        .run_with_signal(stop)
        .await
        .expect("the worker ends without an error");
    assert_eq!(handled.seen.lock().len(), 30);
}

#[tokio::test]
async fn an_idle_worker_picks_up_a_push_within_ten_milliseconds() {
    const SAMPLES: usize = 200;
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
    let lane = lanes(&queue, 1).await[0];
    let worker = WorkerSlots { worker: Uuid::now_v7(), slots: SLOTS };
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let fetching = tokio::spawn({
        let queue = queue.clone();
        async move {
            loop {
                let tickets = queue.fetch(worker, 256).await.expect("the queue is up");
                for ticket in tickets {
                    let arrived = Instant::now();
                    let completion =
                        Completion { ticket, next: Next::Done, feedback: Feedback::Success };
                    queue.complete(&[completion]).await.expect("the queue is up");
                    sender.send(arrived).expect("the test still listens");
                }
            }
        }
    });
    let mut waited = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        // Long enough for the fetch to be asleep again.
        tokio::time::sleep(Duration::from_millis(2)).await;
        let pushed = Instant::now();
        push(&queue, &[lane], 1).await;
        let arrived = received.recv().await.expect("the fetching task runs");
        waited.push(arrived - pushed);
    }
    fetching.abort();
    waited.sort_unstable();
    let (p50, p95) = (waited[SAMPLES / 2], waited[SAMPLES * 95 / 100]);
    println!("push to worker: p50 {p50:?}, p95 {p95:?}, max {:?}", waited[SAMPLES - 1]);
    assert!(p95 <= Duration::from_millis(10), "p95 {p95:?}");
}

#[tokio::test(start_paused = true)]
async fn two_idle_minutes_cost_no_wake_up_and_delay_nothing() {
    let queue = Arc::new(MemoryQueue::new());
    let shared: Arc<dyn Queue> = queue.clone();
    let lane = lanes(&shared, 1).await[0];
    let worker = WorkerSlots { worker: Uuid::now_v7(), slots: SLOTS };
    let mut fetch = Box::pin(queue.fetch(worker, 1));
    let polls = AtomicUsize::new(0);
    let counted = futures::future::poll_fn(|cx| {
        polls.fetch_add(1, Ordering::SeqCst);
        fetch.as_mut().poll(cx)
    });
    let start = tokio::time::Instant::now();
    let pushing = async {
        tokio::time::sleep(Duration::from_secs(120)).await;
        push(&shared, &[lane], 1).await;
        pending::<()>().await;
    };
    tokio::select! {
        biased;
        tickets = counted => assert_eq!(tickets.expect("the queue is up").len(), 1),
        () = pushing => {}
    }
    assert!(start.elapsed() <= Duration::from_secs(120) + Duration::from_millis(10));
    assert!(polls.load(Ordering::SeqCst) <= 4, "polled {} times", polls.load(Ordering::SeqCst));
}
