//! The promise through `kill -9` and SIGTERM: what was answered 202 arrives.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Server, free_port};
use reqwest::Method;
use serde_json::json;
use testkit::{Answer, Client, Receiver, eventually};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Events per second that are offered, as far as so many posts at once allow.
const RATE: u32 = 300;
const POSTS_AT_ONCE: usize = 64;

/// Requests in flight at once.
const MAX_IN_FLIGHT: usize = 16;

/// Posts at a steady rate until told to stop, whatever the server does; gives the ids that were
/// answered 202.
async fn post_steadily(api: Client, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut posts = JoinSet::new();
    let mut accepted = Vec::new();
    let mut number = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        if posts.len() == POSTS_AT_ONCE {
            accepted.extend(posts.join_next().await.expect("there are some").expect("no panic"));
        }
        number += 1;
        let (api, body) =
            (api.clone(), json!({"type": "load.test", "data": {"number": number}}).to_string());
        posts.spawn(async move {
            let reply = api.try_call(Method::POST, "/events", Some(body), &[]).await.ok()?;
            (reply.status == 202).then(|| reply.json()["id"].as_str().map(str::to_owned)).flatten()
        });
    }
    accepted.extend(posts.join_all().await.into_iter().flatten());
    accepted
}

fn arrivals(receiver: &Receiver) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for request in receiver.received() {
        *counts.entry(request.header("webhook-id").to_owned()).or_default() += 1;
    }
    counts
}

async fn everything_arrives(receiver: &Receiver, accepted: &[String]) {
    eventually("every accepted event has arrived", || async {
        let arrived = arrivals(receiver);
        accepted.iter().all(|id| arrived.contains_key(id)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = free_port();
    let receiver = Receiver::new(|_, _| Answer::status(200).after(Duration::from_millis(20))).await;
    let server = Server::start(folder.path(), port);
    let tenant = server.operator().new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/"), "max_in_flight": MAX_IN_FLIGHT})).await;

    let stop = Arc::new(AtomicBool::new(false));
    let posting = tokio::spawn(post_steadily(tenant.api.clone(), stop.clone()));
    receiver.wait_for(300).await;
    server.kill();
    let before = receiver.count();
    let server = Server::start(folder.path(), port);
    receiver.wait_for(before + 300).await;
    stop.store(true, Ordering::Relaxed);
    let accepted = posting.await.expect("no panic");
    assert!(accepted.len() > 400, "only {} were accepted", accepted.len());
    everything_arrives(&receiver, &accepted).await;

    // Only what was in flight comes twice, and a request is in flight until its outcome is committed.
    let twice = arrivals(&receiver).values().filter(|count| **count > 1).count();
    assert!(twice <= MAX_IN_FLIGHT, "{twice} came twice");
    assert!(arrivals(&receiver).values().all(|count| *count <= 2), "one crash doubles, no more");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = free_port();
    let receiver =
        Receiver::new(|_, _| Answer::status(200).after(Duration::from_millis(200))).await;
    let server = Server::start(folder.path(), port);
    let tenant = server.operator().new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let stop = Arc::new(AtomicBool::new(false));
    let posting = tokio::spawn(post_steadily(tenant.api.clone(), stop.clone()));
    receiver.wait_for(200).await;
    let (code, took) = server.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(30), "took {took:?}");
    let server = Server::start(folder.path(), port);
    let before = receiver.count();
    receiver.wait_for(before + 200).await;
    stop.store(true, Ordering::Relaxed);
    let accepted = posting.await.expect("no panic");
    everything_arrives(&receiver, &accepted).await;
    assert!(arrivals(&receiver).values().all(|count| *count == 1), "nothing twice");
    drop(server);
}
