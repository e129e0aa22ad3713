//! Deliveries in batches.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    Answer, Receiver, Storage, Tenant, TestApp, eventually, pt_signature_holds,
    standard_signature_holds,
};

const BOTH: [Storage; 2] = [Storage::Sqlite, Storage::Postgres];

async fn publish_many(tenant: &Tenant, numbers: std::ops::Range<u64>) -> Vec<String> {
    let events: Vec<Value> =
        numbers.map(|n| json!({"type": "order.paid", "data": {"n": n}})).collect();
    let answer = tenant.api.post("/events/batch", json!({"events": events})).await.expect(202);
    let items = answer["data"].as_array().expect("items");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn numbers(body: &Value) -> Vec<u64> {
    let events = body["events"].as_array().expect("events");
    events.iter().map(|event| event["data"]["n"].as_u64().expect("a number")).collect()
}

async fn deliveries(tenant: &Tenant, query: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} deliveries of {query}"), async || {
        let rows = tenant.list(&format!("/deliveries?limit=250&{query}")).await;
        (rows.len() == count).then_some(rows)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_fit_go_out_in_one_signed_request_in_their_order() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([200]).await;
        let wanted = json!({
            "url": receiver.url("/"),
            "delivery": {"mode": "batch", "max_events": 10, "max_wait_ms": 60_000},
        });
        let (subscription, secret) = tenant.subscribe(wanted).await;
        let ids = publish_many(&tenant, 0..25).await;
        let requests = receiver.wait_for(2).await;
        let mut came = Vec::new();
        for request in &requests {
            let body = request.json();
            assert_eq!(body["type"], "posthaste.batch");
            let id = body["id"].as_str().expect("an id");
            assert!(id.starts_with("bat_"), "{id}");
            assert_eq!(request.header("webhook-id"), id);
            assert_eq!(request.header("x-pt-event"), "posthaste.batch");
            assert_eq!(request.header("x-pt-trigger"), "event");
            assert!(!request.headers.iter().any(|(name, _)| name == "x-pt-delivery"));
            assert!(pt_signature_holds(&secret, request));
            assert!(standard_signature_holds(&secret, request));
            assert_eq!(numbers(&body).len(), 10);
            came.push(body);
        }
        came.sort_by_key(numbers);
        assert_eq!(came.iter().flat_map(numbers).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
        let came_ids = came.iter().flat_map(|body| body["events"].as_array().expect("events"));
        let came_ids: Vec<&str> = came_ids.map(|event| event["id"].as_str().expect("id")).collect();
        assert_eq!(came_ids, ids[..20]);

        // Each event has its own delivery, and they share their batch's attempt.
        let done = deliveries(&tenant, "status=succeeded", 20).await;
        let batches: HashSet<&str> =
            done.iter().map(|row| row["batch_id"].as_str().expect("a batch")).collect();
        assert_eq!(batches.len(), 2);
        let id = done[0]["id"].as_str().expect("an id");
        let attempts = tenant.list(&format!("/deliveries/{id}/attempts")).await;
        assert_eq!(attempts.len(), 1);
        let sent = requests
            .iter()
            .find(|request| done[0]["batch_id"] == request.header("webhook-id"))
            .expect("it was sent");
        for name in ["webhook-id", "x-pt-signature", "webhook-signature", "x-pt-event"] {
            assert_eq!(attempts[0]["request_headers"][name], sent.header(name), "{name}");
        }

        // The rest waits for more, and five more are enough.
        assert_eq!(receiver.count(), 2);
        let waiting = deliveries(&tenant, "status=pending", 5).await;
        assert!(waiting.iter().all(|row| row["batch_id"].is_null()));
        publish_many(&tenant, 25..30).await;
        let third = receiver.wait_for(3).await.remove(2).json();
        assert_eq!(numbers(&third), (20..30).collect::<Vec<_>>());

        // Turned to single deliveries, what waits goes out one by one.
        publish_many(&tenant, 30..32).await;
        let path = format!("/subscriptions/{subscription}");
        let single =
            json!({"delivery": {"mode": "single", "max_events": null, "max_wait_ms": null}});
        tenant.api.patch(&path, single).await.expect(200);
        let last = receiver.wait_for(5).await;
        let mut last: Vec<u64> = last[3..]
            .iter()
            .map(|request| request.json()["data"]["n"].as_u64().expect("n"))
            .collect();
        last.sort_unstable();
        assert_eq!(last, [30, 31]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_waits_no_longer_than_it_may() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([200]).await;
        let wanted = json!({
            "url": receiver.url("/"),
            "delivery": {"mode": "batch", "max_events": 1000, "max_wait_ms": 300},
        });
        tenant.subscribe(wanted).await;
        let posted = std::time::Instant::now();
        publish_many(&tenant, 0..3).await;
        let request = receiver.wait_for(1).await.remove(0);
        assert!(posted.elapsed() >= Duration::from_millis(300));
        assert_eq!(numbers(&request.json()), [0, 1, 2]);
        // Nothing is left that would come again.
        deliveries(&tenant, "status=succeeded", 3).await;
        publish_many(&tenant, 3..4).await;
        assert_eq!(numbers(&receiver.wait_for(2).await.remove(1).json()), [3]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_put_into_a_batch_while_the_tenant_is_suspended() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let [held, other] = [app.operator.new_tenant().await, app.operator.new_tenant().await];
        let receiver = Receiver::answering([200]).await;
        let wanted = json!({
            "url": receiver.url("/"),
            "delivery": {"mode": "batch", "max_events": 10, "max_wait_ms": 3_000},
        });
        held.subscribe(wanted.clone()).await;
        other.subscribe(wanted).await;
        publish_many(&held, 0..2).await;
        let path = format!("/tenants/{}", held.id);
        app.operator.patch(&path, json!({"status": "suspended"})).await.expect(200);
        // What has come later elsewhere has waited long enough, so this has too.
        publish_many(&other, 2..3).await;
        assert_eq!(numbers(&receiver.wait_for(1).await.remove(0).json()), [2]);
        let all = app.operator.get("/deliveries").await.expect(200)["data"].clone();
        let all = all.as_array().expect("deliveries").iter();
        let waiting: Vec<&Value> = all.filter(|row| row["tenant_id"] == held.id).collect();
        assert_eq!(waiting.len(), 2);
        assert!(waiting.iter().all(|row| row["batch_id"].is_null()), "{waiting:?}");

        app.operator.patch(&path, json!({"status": "active"})).await.expect(200);
        let request = receiver.wait_for(2).await.remove(1);
        assert_eq!(numbers(&request.json()), [0, 1]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_batch_is_retried_as_the_same_batch_and_its_members_die_one_by_one() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([500, 503, 200]).await;
        let wanted = json!({
            "url": receiver.url("/"), "retry": {"schedule_s": [0.2], "jitter": 0},
            "delivery": {"mode": "batch", "max_events": 3, "max_wait_ms": 60_000},
        });
        tenant.subscribe(wanted).await;
        publish_many(&tenant, 0..3).await;
        let requests = receiver.wait_for(2).await;
        assert_eq!(requests[0].body, requests[1].body);
        assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
        assert_eq!(requests[1].header("x-pt-attempt"), "2");
        let dead = eventually("three dead letters", async || {
            let dead = tenant.list("/dead-letters").await;
            (dead.len() == 3).then_some(dead)
        })
        .await;
        for letter in &dead {
            assert_eq!(letter["last_status_code"], 503);
            assert_eq!(letter["attempt_count"], 2);
            let path = format!("/deliveries/{}/attempts", letter["id"].as_str().expect("an id"));
            let attempts = tenant.list(&path).await;
            let codes: Vec<&Value> = attempts.iter().map(|one| &one["status_code"]).collect();
            assert_eq!(codes, [&json!(500), &json!(503)]);
        }

        // Replayed, they make a batch of their own, and its success resolves them.
        tenant.api.post("/dead-letters/replay", json!({})).await.expect(202);
        let replayed = receiver.wait_for(3).await.remove(2);
        assert_ne!(replayed.header("webhook-id"), requests[0].header("webhook-id"));
        assert_eq!(replayed.header("x-pt-trigger"), "replay");
        let mut came = numbers(&replayed.json());
        came.sort_unstable();
        assert_eq!(came, [0, 1, 2]);
        eventually("no dead letters", async || {
            tenant.list("/dead-letters").await.is_empty().then_some(())
        })
        .await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_waits_for_its_retry_shows_when_and_cannot_be_cancelled() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([500]).await;
        let wanted = json!({
            "url": receiver.url("/"), "retry": {"schedule_s": [600], "jitter": 0},
            "delivery": {"mode": "batch", "max_events": 2, "max_wait_ms": 60_000},
        });
        let (subscription, _) = tenant.subscribe(wanted).await;
        publish_many(&tenant, 0..3).await;
        let rows = deliveries(&tenant, "status=retrying", 2).await;
        assert!(rows[0]["next_attempt_at"].is_string());
        assert_eq!(rows[0]["next_attempt_at"], rows[1]["next_attempt_at"]);
        for row in &rows {
            let path = format!("/deliveries/{}", row["id"].as_str().expect("an id"));
            assert_eq!(&tenant.api.get(&path).await.expect(200), row);
            tenant.api.post(&format!("{path}/cancel"), json!({})).await.expect(409);
            let event = row["event_id"].as_str().expect("an event");
            let explained = tenant.api.get(&format!("/events/{event}/explain")).await.expect(200);
            assert_eq!(explained["data"][0]["outcome"], "pending", "{explained}");
        }
        // What waits to be in one can be.
        let waiting = deliveries(&tenant, "status=pending", 1).await.remove(0);
        let path = format!("/deliveries/{}/cancel", waiting["id"].as_str().expect("an id"));
        let cancelled = tenant.api.post(&path, json!({})).await.expect(200);
        assert_eq!(cancelled["status"], "cancelled");

        // Disabled, all of the batch becomes dead letters.
        let path = format!("/subscriptions/{subscription}");
        tenant.api.patch(&path, json!({"status": "disabled"})).await.expect(200);
        let dead = eventually("two dead letters", async || {
            let dead = tenant.list("/dead-letters").await;
            (dead.len() == 2).then_some(dead)
        })
        .await;
        assert!(dead.iter().all(|letter| letter["failure_reason"] == "subscription_disabled"));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_at_a_bin_is_verified() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let bin = tenant.api.post("/bins", json!({"name": "tries"})).await.expect(201);
    let wanted = json!({
        "url": bin["url"], "delivery": {"mode": "batch", "max_events": 2, "max_wait_ms": 0},
    });
    tenant.subscribe(wanted).await;
    publish_many(&tenant, 0..2).await;
    let path = format!("/bins/{}/requests", bin["id"].as_str().expect("an id"));
    let request = eventually("the bin's request", async || tenant.list(&path).await.pop()).await;
    let verified = request["verification"].as_array().expect("a list");
    assert_eq!(verified.len(), 2, "{request}");
    assert!(verified.iter().all(|one| one["valid"] == true), "{request}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_events_come_in_their_order_in_about_a_hundred_requests() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        // Now and then one fails, and comes again as it was.
        let receiver =
            Receiver::new(|number, _| Answer::status(if number % 20 == 7 { 500 } else { 200 }))
                .await;
        let wanted = json!({
            "url": receiver.url("/"), "retry": {"schedule_s": [0.1], "jitter": 0},
            "delivery": {"mode": "batch", "max_events": 100, "max_wait_ms": 5_000},
        });
        tenant.subscribe(wanted).await;
        for thousand in 0..10 {
            publish_many(&tenant, thousand * 1000..(thousand + 1) * 1000).await;
        }
        let batches = eventually("all of them", async || {
            let mut seen = HashSet::new();
            let batches: Vec<_> = receiver
                .received()
                .into_iter()
                .filter(|request| seen.insert(request.header("webhook-id").to_owned()))
                .collect();
            let events: usize = batches.iter().map(|batch| numbers(&batch.json()).len()).sum();
            (events >= 10_000).then_some(batches)
        })
        .await;
        assert!(batches.len() <= 110, "{} batches", batches.len());
        let mut came: Vec<u64> = batches.iter().flat_map(|batch| numbers(&batch.json())).collect();
        for batch in &batches {
            assert!(numbers(&batch.json()).is_sorted());
        }
        came.sort_unstable();
        assert_eq!(came, (0..10_000).collect::<Vec<_>>(), "each in one batch");
        app.stop().await;
    }
}
