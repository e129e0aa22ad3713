//! Stories of events on their way from the publisher to the receiver, through the API alone.

#![expect(clippy::disallowed_methods, reason = "some look at rows that no route shows")]

mod attempts;
mod circuits;
mod fan_out;
mod lanes;
mod master_key;
mod metrics;
mod refusals;
mod retention;
mod stats;

use serde_json::Value;
use testkit::{Storage, TestApp, eventually};

/// Runs a story on both databases.
macro_rules! stories {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(crate::app(testkit::Storage::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name(crate::app(testkit::Storage::Postgres).await).await;
            }
        }
    )+};
}

pub(crate) use stories;

const SCHEDULE: (&str, &str) = ("POSTHASTE_RETRY_SCHEDULE", "100ms,200ms,300ms,400ms,500ms");

pub(crate) async fn app(storage: Storage) -> TestApp {
    TestApp::start_with(storage, &[SCHEDULE]).await
}

/// Makes `count` calls one after the other.
pub(crate) async fn futures_in_order<T, F: Future<Output = T>>(
    count: usize,
    call: impl Fn(usize) -> F,
) -> Vec<T> {
    let mut results = Vec::with_capacity(count);
    for number in 0..count {
        results.push(call(number).await);
    }
    results
}

/// The event's only delivery, once it is final.
pub(crate) async fn final_delivery(tenant: &testkit::Tenant, event: &str) -> Value {
    eventually("the delivery is final", || async {
        let deliveries = tenant.list(&format!("/deliveries?event_id={event}")).await;
        let delivery = deliveries.first()?.clone();
        (!delivery["completed_at"].is_null()).then_some(delivery)
    })
    .await
}
