//! What the program says of itself: in its log and at `/metrics`, as whole processes.

use std::time::Duration;

use serde_json::{Value, json};
use servers::{Postgres, Redis, Stop};
use testkit::{Receiver, eventually};

use crate::support::{Server, free_port};

/// The entries of a log that say this, of a process that has logged so many of them.
async fn entries(server: &Server, message: &str, count: usize) -> Vec<Value> {
    eventually(message, || async {
        let lines = server.lines();
        let entries = lines.iter().map(|line| serde_json::from_str(line).expect("a JSON line"));
        let found: Vec<Value> =
            entries.filter(|entry: &Value| entry["message"] == message).collect();
        (found.len() >= count).then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_tells_of_each_event_and_attempt_and_gives_no_payload_or_secret_away() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = [("POSTHASTE_LOG", "debug")];
    let server = Server::start_as("serve", folder.path(), free_port(), &log);
    let (good, bad) = (Receiver::answering([204]).await, Receiver::answering([500]).await);
    let tenant = server.operator().new_tenant().await;
    let retry = json!({"schedule_s": [0.1], "jitter": 0});
    let mut secrets = Vec::new();
    let mut subscriptions = Vec::new();
    for (types, receiver) in [("good", &good), ("bad", &bad)] {
        let headers = json!({"x-token": "a-header-kept-secret"});
        let subscription = json!({"url": receiver.url("/"), "event_types": [types], "retry": retry, "headers": headers});
        let (id, secret) = tenant.subscribe(subscription).await;
        subscriptions.push(id);
        secrets.push(secret);
    }
    let data = json!({"word": "a-payload-kept-private"});
    let event = tenant.publish("good", data.clone()).await;
    let accepted = &entries(&server, "event.accepted", 1).await[0];
    assert_eq!(accepted["level"], "DEBUG");
    assert_eq!(accepted["tenant.id"], tenant.id);
    assert_eq!(accepted["event.id"], event);
    assert_eq!(accepted["deliveries"], 1);

    let attempted = &entries(&server, "delivery.attempted", 1).await[0];
    assert_eq!(attempted["level"], "DEBUG");
    assert_eq!(attempted["tenant.id"], tenant.id);
    assert_eq!(attempted["event.id"], event);
    assert_eq!(attempted["subscription.id"], subscriptions[0]);
    assert_eq!(attempted["delivery.id"], good.received()[0].header("x-pt-delivery"));
    assert_eq!(attempted["attempt.number"], 1);
    assert_eq!(attempted["http.status"], 204);
    assert_eq!(attempted["verdict"], "succeeded");
    assert!(attempted["duration_ms"].is_u64() && attempted["failure_reason"].is_null());

    let event = tenant.publish("bad", data).await;
    let attempted = &entries(&server, "delivery.attempted", 3).await[1..];
    for (entry, (number, verdict)) in attempted.iter().zip([(1, "retrying"), (2, "exhausted")]) {
        assert_eq!(entry["level"], "INFO");
        assert_eq!(entry["event.id"], event);
        assert_eq!(entry["attempt.number"], number);
        assert_eq!(entry["http.status"], 500);
        assert_eq!(entry["failure_reason"], "http_status");
        assert_eq!(entry["verdict"], verdict);
        assert_eq!(entry["next_attempt_at"].is_string(), number == 1);
    }
    let dead = &entries(&server, "delivery.dead", 1).await[0];
    assert_eq!(dead["tenant.id"], tenant.id);
    assert_eq!(dead["subscription.id"], subscriptions[1]);
    assert_eq!(dead["delivery.id"], attempted[1]["delivery.id"]);
    assert_eq!(dead["failure_reason"], "http_status");

    secrets.extend(["a-header-kept-secret".to_owned(), "a-payload-kept-private".to_owned()]);
    for line in server.lines() {
        assert!(!secrets.iter().any(|secret| line.contains(secret)), "{line}");
    }
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_process_counts_its_own_part_and_a_restart_of_postgres_is_told_in_few_words() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let postgres = Postgres::start(folder.path()).await.expect("a Postgres");
    let redis = Redis::start(folder.path()).await.expect("a Redis");
    let (database_url, redis_url) = (postgres.url(), redis.url());
    let variables = [
        ("POSTHASTE_DATABASE_URL", database_url.as_str()),
        ("POSTHASTE_REDIS_URL", redis_url.as_str()),
        ("POSTHASTE_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ];
    let api = Server::start_as("api", folder.path(), free_port(), &variables);
    let worker = Server::start_as("worker", folder.path(), free_port(), &variables);
    let receiver = Receiver::answering([200]).await;
    let tenant = api.operator().new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    tenant.publish("a.b", json!(1)).await;
    let of_worker = eventually("the worker has counted the delivery", || async {
        let figures = worker.operator().figures().await;
        (figures.get("webhook_delivery_latency_seconds_count") == 1.0).then_some(figures)
    })
    .await;
    let of_api = api.operator().figures().await;
    let succeeded = "webhook_requests_total{outcome=\"success\"}";
    assert_eq!((of_worker.get(succeeded), of_api.get(succeeded)), (1.0, 0.0));
    let accepted = "webhook_events_total{result=\"accepted\"}";
    assert_eq!((of_worker.get(accepted), of_api.get(accepted)), (0.0, 1.0));
    // The queue is one, so both see the same of it.
    let lanes = "webhook_queue_lanes{state=\"all\"}";
    assert_eq!((of_worker.get(lanes), of_api.get(lanes)), (1.0, 1.0));
    let page = "posthaste_http_requests_total{route=\"/metrics\",method=\"GET\",status=\"2xx\"}";
    assert!(worker.operator().figures().await.get(page) >= 1.0);
    assert!(of_worker.get("process_resident_memory_bytes") > 1_000_000.0);

    postgres.restart(Stop::Ask, Duration::ZERO).await.expect("Postgres starts again");
    for server in [&api, &worker] {
        eventually("the process is ready again", || async {
            (server.operator().readiness().await["status"] == "ready").then_some(())
        })
        .await;
    }
    // The first to meet a connection that has ended is told to come again.
    eventually("an event is taken again", || async {
        let event = json!({"type": "a.b", "data": 2});
        (tenant.api.post("/events", event).await.status == 202).then_some(())
    })
    .await;
    receiver.wait_for(2).await;
    for line in [api.lines(), worker.lines()].concat() {
        let entry: Value = serde_json::from_str(&line).expect("a JSON line");
        assert_ne!(entry["target"], "sqlx::postgres::notice", "{line}");
    }
}
