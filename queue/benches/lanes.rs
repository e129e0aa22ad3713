//! What a delivery costs the in-process queue: push, fetch and complete, among few and many lanes.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::memory::MemoryQueue;
use queue::memory::lanes::Lanes;
use queue::memory::moment::Moment;
use queue::{Class, Completion, Due, Feedback, LaneSettings, Next, Queue, Ticket, WorkerSlots};
use uuid::Uuid;

/// Deliveries pushed, fetched and completed in one turn of the benchmark: a commit's worth.
const BATCH: usize = 64;
const LANES_PER_TENANT: u128 = 10;
const WORKER: WorkerSlots = WorkerSlots { worker: Uuid::from_u128(7), slots: 1024 };

criterion_group!(benches, a_delivery_through_the_core, ready_beside_delayed, pick_up);
criterion_main!(benches);

/// The core alone, all lanes configured and the deliveries spread over them.
fn a_delivery_through_the_core(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("push_fetch_complete");
    group.throughput(Throughput::Elements(BATCH as u64));
    for count in [1, 1_000, 100_000] {
        let mut feed = Feed::new(count);
        group.bench_function(BenchmarkId::new("lanes", count), |bencher| {
            bencher.iter(|| feed.turn())
        });
    }
    group.finish();
}

/// The same beside retries that wait for an hour and for some minutes in every lane.
fn ready_beside_delayed(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("beside_100000_delayed");
    group.throughput(Throughput::Elements(BATCH as u64));
    let mut feed = Feed::new(1_000);
    for minutes in [10, 60] {
        let due: Vec<_> = (0..100_000)
            .map(|n| Due {
                class: Class::Retry,
                delay: Duration::from_secs(60 * minutes + n % 60),
                ..feed.next()
            })
            .collect();
        feed.lanes.push(&due, feed.now);
    }
    group.bench_function("1000 lanes", |bencher| bencher.iter(|| feed.turn()));
    group.finish();
}

/// From a push to the ticket in the hands of a task that slept, on one thread.
fn pick_up(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be built");
    let queue = Arc::new(MemoryQueue::new());
    let lane = SubscriptionId(Uuid::from_u128(1));
    runtime.block_on(queue.configure_lane(lane, settings(1))).expect("the queue is in memory");
    criterion.bench_function("push_to_waiting_fetch", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let fetching = tokio::spawn({
                    let queue = queue.clone();
                    async move { queue.fetch(WORKER, 1).await }
                });
                tokio::task::yield_now().await;
                let delivery = DeliveryId(Uuid::from_u128(1));
                let due = Due { lane, delivery, class: Class::First, delay: Duration::ZERO };
                queue.push(&[due]).await.expect("the queue is in memory");
                let tickets = fetching
                    .await
                    .expect("fetching does not panic")
                    .expect("the queue is in memory");
                queue.complete(&[done(tickets[0])]).await.expect("the queue is in memory");
            });
        });
    });
}

struct Feed {
    lanes: Lanes,
    count: u128,
    made: u128,
    now: Moment,
}

impl Feed {
    fn new(count: u128) -> Self {
        let mut lanes = Lanes::new();
        let now = Moment::default();
        for lane in 0..count {
            lanes.configure_lane(
                SubscriptionId(Uuid::from_u128(lane)),
                settings(lane / LANES_PER_TENANT),
                now,
            );
        }
        Self { lanes, count, made: 0, now }
    }

    fn next(&mut self) -> Due {
        self.made += 1;
        // A stride that shares no factor with the counts spreads neighbours over lanes far apart.
        let lane = SubscriptionId(Uuid::from_u128(self.made * 7_919 % self.count));
        Due {
            lane,
            delivery: DeliveryId(Uuid::from_u128(self.made)),
            class: Class::First,
            delay: Duration::ZERO,
        }
    }

    fn turn(&mut self) {
        self.now = self.now + Duration::from_micros(100);
        let due: Vec<_> = (0..BATCH).map(|_| self.next()).collect();
        self.lanes.push(&due, self.now);
        // Caps make a lane that gets the whole batch take several rounds.
        let mut open = BATCH;
        while open > 0 {
            let tickets = self.lanes.fetch(WORKER, open, self.now);
            open -= tickets.len();
            let completions: Vec<_> = tickets.into_iter().map(done).collect();
            self.lanes.complete(&completions, self.now);
        }
    }
}

fn done(ticket: Ticket) -> Completion {
    Completion { ticket, next: Next::Done, feedback: Feedback::Success }
}

fn settings(tenant: u128) -> LaneSettings {
    queue::suite::settings(TenantId(Uuid::from_u128(tenant)))
}
