//! Redis holds what is due, and nothing of what is done.

use serde_json::json;
use testkit::{Receiver, eventually};

use crate::{Stage, post_batch};

const SUBSCRIPTIONS: usize = 10;
const EVENTS: u64 = 1_000;

/// 10,000 deliveries that stay take more: each at least its id, its place in a window and a mark.
const SAME_BYTES: u64 = 1_000_000;

pub(crate) async fn redis_forgets_what_is_done(stage: &Stage) {
    let receiver = Receiver::answering([200]).await;
    let tenant = stage.operator.new_tenant().await;
    for _ in 0..SUBSCRIPTIONS {
        tenant.subscribe(json!({"url": receiver.url("/")})).await;
    }
    // Every lane has carried something, so that what it keeps for good is there.
    post_batch(&tenant.api, "memory.test", 10).await;
    stage.everything_is_final().await;
    only_lanes_are_left(stage).await;
    let redis = &stage.deployment.redis;
    let idle = redis.bytes().await.expect("Redis answers");

    post_batch(&tenant.api, "memory.test", EVENTS).await;
    receiver.wait_for(SUBSCRIPTIONS * (10 + 1_000)).await;
    stage.everything_is_final().await;
    only_lanes_are_left(stage).await;
    eventually("Redis is as large as before", || async {
        let now = redis.bytes().await.expect("Redis answers");
        (now <= idle + SAME_BYTES).then_some(())
    })
    .await;
}

/// Waits until every key is the queue's own state, or that of a lane or a tenant; which lanes had something
/// is told apart later, when somebody counts.
async fn only_lanes_are_left(stage: &Stage) {
    let mut others = Vec::new();
    let kept = |key: &[u8]| {
        let rest = key.strip_prefix(b"{posthaste:0}:").unwrap_or(b"?");
        matches!(rest, b"meta" | b"occupied") || rest.starts_with(b"l:") || rest.starts_with(b"t:")
    };
    for _ in 0..500 {
        let keys = stage.deployment.redis.keys().await.expect("Redis answers");
        others = keys.into_iter().filter(|key| !kept(key)).collect();
        if others.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let names: Vec<_> = others.iter().map(|key| String::from_utf8_lossy(key)).collect();
    panic!("these are left: {names:?}");
}
