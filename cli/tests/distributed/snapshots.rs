//! Redis comes back with less than it had, or is silent for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Receiver;

use crate::stops::{each_came_once, post_steadily};
use crate::{Stage, post_batch};

const EVENTS: usize = 20;
const PER_SECOND: f64 = 5.0;

pub(crate) async fn a_redis_that_is_set_back_serves_as_was_last_said(stage: &Stage) {
    let (usual, paused) = (Receiver::answering([200]).await, Receiver::answering([200]).await);
    let (resumed, limited) = (Receiver::answering([200]).await, Receiver::answering([200]).await);
    let tenant = stage.operator.new_tenant().await;
    let mut paths = Vec::new();
    for receiver in [&usual, &paused, &resumed, &limited] {
        let id = tenant.subscribe(json!({"url": receiver.url("/")})).await.0;
        paths.push(format!("/subscriptions/{id}"));
    }
    let change = async |which: usize, body| {
        tenant.api.patch(&paths[which], body).await.expect(200);
    };
    change(2, json!({"status": "paused"})).await;
    post_batch(&tenant.api, "before.test", EVENTS as u64).await;
    for receiver in [&usual, &paused, &limited] {
        receiver.wait_for(EVENTS).await;
    }

    let redis = &stage.deployment.redis;
    redis.save().await.expect("saved");
    change(1, json!({"status": "paused"})).await;
    change(2, json!({"status": "active"})).await;
    change(3, json!({"rate_limit": {"per_second": PER_SECOND, "burst": 1}})).await;
    let limited_from = (Instant::now(), limited.count());
    resumed.wait_for(EVENTS).await;
    post_batch(&tenant.api, "between.test", EVENTS as u64).await;
    usual.wait_for(2 * EVENTS).await;
    redis.restart_as_saved().await.expect("it starts again");
    post_batch(&tenant.api, "after.test", EVENTS as u64).await;

    for receiver in [&usual, &resumed, &limited] {
        receiver.wait_for(3 * EVENTS).await;
    }
    assert_eq!(paused.count(), EVENTS, "it was paused after the snapshot");
    let (from, before) = limited_from;
    for (place, request) in limited.received()[before..].iter().enumerate() {
        let granted = request.at.duration_since(from).as_secs_f64() * PER_SECOND + 1.0;
        assert!((place + 1) as f64 <= granted + 1e-6, "{} came, {granted} may", place + 1);
    }
    change(1, json!({"status": "active"})).await;
    paused.wait_for(3 * EVENTS).await;
    stage.everything_is_final().await;
}

pub(crate) async fn a_redis_that_stalls_loses_and_doubles_nothing(stage: &Stage) {
    let receiver = Receiver::answering([200]).await;
    let tenant = stage.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let stop = Arc::new(AtomicBool::new(false));
    let posting = tokio::spawn(post_steadily(stage.apis(&tenant), stop.clone()));
    receiver.wait_for(100).await;
    stage.deployment.redis.stall(Duration::from_millis(800)).await.expect("it goes on");
    receiver.wait_for(receiver.count() + 100).await;
    stop.store(true, Ordering::Relaxed);
    let posted = posting.await.expect("no panic");
    receiver.wait_for(posted.len()).await;
    stage.everything_is_final().await;
    each_came_once(&receiver, &posted);
}
