//! What the tests share: queues, lanes and deliveries.

use std::future::{Future, pending};
use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::redis::RedisQueue;
use queue::{Class, Completion, Due, Feedback, LaneSettings, Next, Queue, Ticket, WorkerSlots};
use tokio::time::timeout;
use uuid::Uuid;

/// As long as it takes to be sure that nothing happens.
pub(crate) const SILENCE: Duration = Duration::from_millis(80);

pub(crate) fn url() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests have no settings")]
    let url = std::env::var("POSTHASTE_TEST_REDIS_URL");
    url.unwrap_or_else(|_| "redis://127.0.0.1:6379/".to_owned())
}

/// A prefix that nobody else uses; its keys are removed when the test's runtime ends.
pub(crate) fn fresh_prefix() -> String {
    let prefix = format!("test-{}", Uuid::now_v7());
    let keys = Keys(prefix.clone());
    tokio::spawn(async move {
        let _until_the_end = keys;
        pending::<()>().await;
    });
    prefix
}

pub(crate) fn open(prefix: &str) -> RedisQueue {
    RedisQueue::open(&url(), prefix).expect("the address can be read")
}

struct Keys(String);

impl Drop for Keys {
    fn drop(&mut self) {
        let client = redis::Client::open(url()).expect("the address can be read");
        let Ok(mut connection) = client.get_connection() else { return };
        let pattern = format!("{{{}:*", self.0);
        let mut scan = redis::cmd("SCAN");
        scan.cursor_arg(0).arg("MATCH").arg(pattern).arg("COUNT").arg(1000);
        let Ok(found) = scan.iter::<Vec<u8>>(&mut connection) else { return };
        let keys: Vec<_> = found.flatten().collect();
        for key in keys {
            let _gone: Result<(), _> = redis::cmd("UNLINK").arg(key).query(&mut connection);
        }
    }
}

pub(crate) fn worker(slots: usize) -> WorkerSlots {
    WorkerSlots { worker: Uuid::now_v7(), slots }
}

pub(crate) fn settings() -> LaneSettings {
    queue::suite::settings(TenantId(Uuid::now_v7()))
}

pub(crate) async fn lane(queue: &RedisQueue, settings: LaneSettings) -> SubscriptionId {
    let lane = SubscriptionId(Uuid::now_v7());
    queue.configure_lane(lane, settings).await.expect("the queue is up");
    lane
}

/// Pushes `count` new deliveries that are due now.
pub(crate) async fn push(queue: &RedisQueue, lane: SubscriptionId, count: usize) -> Vec<Due> {
    let delay = Duration::ZERO;
    let due: Vec<_> = (0..count)
        .map(|_| Due { lane, delivery: DeliveryId(Uuid::now_v7()), class: Class::First, delay })
        .collect();
    queue.push(&due).await.expect("the queue is up");
    due
}

/// Fetches all that is to be had now.
pub(crate) async fn fetch_all(queue: &RedisQueue, worker: WorkerSlots) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    while let Ok(more) = timeout(SILENCE, queue.fetch(worker, 256)).await {
        tickets.extend(more.expect("the queue is up"));
    }
    tickets
}

pub(crate) fn done(tickets: &[Ticket], feedback: Feedback) -> Vec<Completion> {
    tickets
        .iter()
        .map(|ticket| Completion { ticket: *ticket, next: Next::Done, feedback })
        .collect()
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("what must happen happens soon")
}
