//! Stories of single deliveries: signed, retried, given up, sent again.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    Answer, Receiver, Storage, TestApp, eventually, pt_signature_holds, standard_signature_holds,
};

/// Runs a story on both databases.
macro_rules! stories {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(app(Storage::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name(app(Storage::Postgres).await).await;
            }
        }
    )+};
}

stories! {
    an_event_reaches_its_subscription_signed_both_ways
    data_arrives_byte_for_byte
    a_receiver_that_always_fails_gets_six_attempts_and_then_one_dead_letter
    a_redelivery_to_the_healed_receiver_resolves_the_dead_letter
    retry_after_replaces_the_schedule
    a_410_disables_the_subscription_and_what_waits_is_dead
    a_paused_subscription_holds_its_deliveries
    an_ordered_subscription_gets_one_at_a_time_in_order
    deleting_a_subscription_cancels_what_waits
    a_rotated_secret_signs_beside_the_new_one
    only_matching_events_are_delivered
    a_deferred_event_waits
    a_delivery_cancelled_in_flight_stays_cancelled
}

const SCHEDULE: (&str, &str) = ("POSTHASTE_RETRY_SCHEDULE", "100ms,200ms,300ms,400ms,500ms");

async fn app(storage: Storage) -> TestApp {
    TestApp::start_with(storage, &[SCHEDULE]).await
}

async fn an_event_reaches_its_subscription_signed_both_ways(app: TestApp) {
    let receiver = Receiver::answering([204]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, secret) = tenant.subscribe(json!({"url": receiver.url("/hooks")})).await;
    let event = tenant.publish("content.published", json!({"n": 1})).await;

    let request = &receiver.wait_for(1).await[0];
    assert!(standard_signature_holds(&secret, request));
    assert!(pt_signature_holds(&secret, request));
    assert_eq!(request.path, "/hooks");
    assert_eq!(request.header("webhook-id"), event);
    assert_eq!(request.header("content-type"), "application/json");
    assert!(request.header("user-agent").starts_with("Posthaste/"));
    for (name, value) in [
        ("x-pt-event", "content.published"),
        ("x-pt-attempt", "1"),
        ("x-pt-max-attempts", "6"),
        ("x-pt-trigger", "event"),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
    let body = request.json();
    assert_eq!(body["id"], event);
    assert_eq!(body["type"], "content.published");
    assert_eq!(body["data"], json!({"n": 1}));
    assert_eq!(body["metadata"], json!({}));

    let delivery = final_delivery(&tenant, &event).await;
    assert_eq!(delivery["status"], "succeeded");
    assert_eq!(delivery["subscription_id"], subscription);
    assert_eq!(delivery["id"], request.header("x-pt-delivery"));
    assert_eq!(delivery["attempt_count"], 1);
    assert_eq!(delivery["last_status_code"], 204);
    let attempts = tenant
        .list(&format!("/deliveries/{}/attempts", delivery["id"].as_str().unwrap_or_default()))
        .await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["number"], 1);
    assert_eq!(attempts[0]["status_code"], 204);
    app.stop().await;
}

async fn data_arrives_byte_for_byte(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let data = "{ \"big\":12345678901234567890, \"e\":1e400 ,\"k\":1,\"k\":2,\"s\":\"\\ud800 \\u00e9 é\\u0000\",\"f\":1.10}";
    let body = format!("{{\"type\":\"a.b\",\"data\":{data},\"metadata\":{{\"z\" : 1.0}}}}");
    let posted = tenant
        .api
        .try_call(reqwest::Method::POST, "/events", Some(body), &[])
        .await
        .expect("an answer");
    let event = posted.expect(202)["id"].as_str().expect("an id").to_owned();

    let request = &receiver.wait_for(1).await[0];
    let sent = String::from_utf8(request.body.clone()).expect("UTF-8");
    assert!(sent.contains(&format!("\"data\":{data},\"metadata\":{{\"z\" : 1.0}}")), "{sent}");
    let shown = tenant.api.get(&format!("/events/{event}")).await;
    assert!(shown.text.contains(data), "{}", shown.text);
}

async fn a_receiver_that_always_fails_gets_six_attempts_and_then_one_dead_letter(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(1)).await;

    let delivery = final_delivery(&tenant, &event).await;
    let requests = receiver.received();
    assert_eq!(requests.len(), 6);
    for (gap, scheduled_ms) in requests.windows(2).zip([100.0, 200.0, 300.0, 400.0, 500.0]) {
        // Never sooner than the jitter lets it; later only by what a busy machine adds.
        let waited_ms = gap[1].at.duration_since(gap[0].at).as_secs_f64() * 1000.0;
        assert!(waited_ms >= scheduled_ms * 0.8 - 2.0, "waited {waited_ms} of {scheduled_ms} ms");
    }
    let numbers: Vec<&str> =
        requests.iter().map(|request| request.header("x-pt-attempt")).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
    let ids: HashSet<&str> = requests.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1, "the same webhook-id on every attempt");
    assert_eq!(delivery["status"], "failed");
    assert_eq!(delivery["failure_reason"], "http_status");
    let dead = tenant.list("/dead-letters").await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["id"], delivery["id"]);
    assert!(dead[0]["dead_at"].is_string() && dead[0]["resolved_at"].is_null());
}

async fn a_redelivery_to_the_healed_receiver_resolves_the_dead_letter(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant
        .subscribe(json!({"url": receiver.url("/"), "retry": {"schedule_s": [0.1], "jitter": 0}}))
        .await;
    let event = tenant.publish("a.b", json!(1)).await;
    let dead = final_delivery(&tenant, &event).await;
    let dead_id = dead["id"].as_str().expect("an id");
    let count = receiver.count();
    receiver.behave(|_, _| Answer::status(200));

    let again =
        tenant.api.post(&format!("/dead-letters/{dead_id}/replay"), json!({})).await.expect(202);
    assert_eq!(again["trigger"], "redelivery");
    let requests = receiver.wait_for(count + 1).await;
    assert_eq!(requests.last().expect("one").header("x-pt-trigger"), "redelivery");
    assert_eq!(requests.last().expect("one").header("webhook-id"), event);
    eventually("the dead letter is resolved", || async {
        tenant.list("/dead-letters").await.is_empty().then_some(())
    })
    .await;
    let resolved = tenant.list("/dead-letters?resolved=true").await;
    assert_eq!(resolved[0]["resolution"], "replayed");
    let history = tenant.list(&format!("/deliveries?event_id={event}")).await;
    let statuses: Vec<&Value> = history.iter().map(|delivery| &delivery["status"]).collect();
    assert_eq!(statuses, ["succeeded", "failed"], "both deliveries, newest first");
}

async fn retry_after_replaces_the_schedule(app: TestApp) {
    let receiver = Receiver::new(|number, _| match number {
        0 => Answer::status(503).header("retry-after", "1"),
        _ => Answer::status(200),
    })
    .await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    tenant.publish("a.b", json!(1)).await;
    let requests = receiver.wait_for(2).await;
    assert!(
        requests[1].at - requests[0].at >= Duration::from_millis(999),
        "not before the instant asked for"
    );
}

async fn a_410_disables_the_subscription_and_what_waits_is_dead(app: TestApp) {
    let receiver = Receiver::new(|number, _| match number {
        0 => Answer::status(500),
        _ => Answer::status(410),
    })
    .await;
    let tenant = app.operator.new_tenant().await;
    let retry = json!({"schedule_s": [3600], "jitter": 0});
    let (subscription, _) = tenant
        .subscribe(json!({"url": receiver.url("/"), "retry": retry, "max_in_flight": 1}))
        .await;
    let waits = tenant.publish("a.b", json!(1)).await;
    receiver.wait_for(1).await;
    let gone = tenant.publish("a.b", json!(2)).await;

    assert_eq!(final_delivery(&tenant, &gone).await["failure_reason"], "gone");
    assert_eq!(final_delivery(&tenant, &waits).await["failure_reason"], "subscription_disabled");
    let shown = tenant.api.get(&format!("/subscriptions/{subscription}")).await.expect(200);
    assert_eq!((&shown["status"], &shown["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    assert_eq!(tenant.list("/dead-letters").await.len(), 2);
    let unmatched = tenant.api.post("/events", json!({"type": "a.b", "data": 3})).await.expect(202);
    assert_eq!(unmatched["deliveries"], 0, "a disabled subscription gets nothing");
    let patched = tenant
        .api
        .patch(&format!("/subscriptions/{subscription}"), json!({"status": "active"}))
        .await
        .expect(200);
    assert!(patched["disabled_reason"].is_null());
    receiver.behave(|_, _| Answer::status(200));
    let event = tenant.publish("a.b", json!(4)).await;
    assert_eq!(final_delivery(&tenant, &event).await["status"], "succeeded");
}

async fn a_paused_subscription_holds_its_deliveries(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) =
        tenant.subscribe(json!({"url": receiver.url("/"), "status": "paused"})).await;
    let (_, _) = tenant.subscribe(json!({"url": receiver.url("/other")})).await;
    let held: Vec<String> = futures_in_order(10, |n| {
        let tenant = tenant.clone();
        async move { tenant.publish("a.b", json!(n)).await }
    })
    .await;
    receiver.wait_for(10).await;
    assert!(receiver.received().iter().all(|request| request.path == "/other"));
    let waiting =
        tenant.list(&format!("/deliveries?subscription_id={subscription}&status=pending")).await;
    assert_eq!(waiting.len(), held.len());
    tenant
        .api
        .patch(&format!("/subscriptions/{subscription}"), json!({"status": "active"}))
        .await
        .expect(200);
    receiver.wait_for(20).await;
}

async fn an_ordered_subscription_gets_one_at_a_time_in_order(app: TestApp) {
    let receiver =
        Receiver::new(|number, _| Answer::status(if number % 5 == 3 { 500 } else { 200 })).await;
    let tenant = app.operator.new_tenant().await;
    let retry = json!({"schedule_s": [0.1, 0.1, 0.1, 0.1], "jitter": 0});
    tenant.subscribe(json!({"url": receiver.url("/"), "ordered": true, "retry": retry})).await;
    futures_in_order(30, |n| {
        let tenant = tenant.clone();
        async move { tenant.publish("a.b", json!(n)).await }
    })
    .await;
    // 30 successes and, as every fifth answer is a failure, 7 failures on the way.
    let requests = receiver.wait_for(37).await;
    let mut acknowledged = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        if number % 5 != 3 {
            acknowledged.push(request.json()["data"].as_i64().expect("a number"));
        }
    }
    assert_eq!(acknowledged, (0..30).collect::<Vec<i64>>());
}

async fn deleting_a_subscription_cancels_what_waits(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    let retry = json!({"schedule_s": [3600], "jitter": 0});
    let (subscription, _) =
        tenant.subscribe(json!({"url": receiver.url("/"), "retry": retry})).await;
    let event = tenant.publish("a.b", json!(1)).await;
    receiver.wait_for(1).await;
    assert_eq!(tenant.api.delete(&format!("/subscriptions/{subscription}")).await.status, 204);
    assert_eq!(tenant.api.delete(&format!("/subscriptions/{subscription}")).await.status, 404);
    assert_eq!(final_delivery(&tenant, &event).await["status"], "cancelled");
}

async fn a_rotated_secret_signs_beside_the_new_one(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, old) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let rotated = tenant
        .api
        .post(&format!("/subscriptions/{subscription}/secret/rotate"), json!({}))
        .await
        .expect(200);
    let new = rotated["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(old, new);
    tenant.publish("a.b", json!(1)).await;
    let both = &receiver.wait_for(1).await[0];
    assert!(standard_signature_holds(&old, both) && pt_signature_holds(&old, both));
    assert!(standard_signature_holds(&new, both) && pt_signature_holds(&new, both));
    tenant
        .api
        .post(&format!("/subscriptions/{subscription}/secret/rotate"), json!({"overlap_s": 0}))
        .await
        .expect(200);
    tenant.publish("a.b", json!(2)).await;
    let last = &receiver.wait_for(2).await[1];
    assert!(
        !standard_signature_holds(&new, last) && !pt_signature_holds(&new, last),
        "no overlap was asked for"
    );
}

async fn only_matching_events_are_delivered(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/typed"), "event_types": ["content.*"]})).await;
    tenant.subscribe(json!({"url": receiver.url("/filtered"), "filter": "data.amount > 10"})).await;
    let other = app.operator.new_tenant().await;
    other.subscribe(json!({"url": receiver.url("/other")})).await;
    let posts = [
        ("content.published", 5),
        ("user.created", 11),
        ("content.deleted", 12),
        ("user.created", 1),
    ];
    let mut deliveries = Vec::new();
    for (event_type, amount) in posts {
        let made = tenant
            .api
            .post("/events", json!({"type": event_type, "data": {"amount": amount}}))
            .await
            .expect(202);
        deliveries.push(made["deliveries"].as_u64().expect("a count"));
    }
    assert_eq!(deliveries, [1, 1, 2, 0]);
    let mut paths: Vec<String> =
        receiver.wait_for(4).await.into_iter().map(|request| request.path).collect();
    paths.sort();
    assert_eq!(paths, ["/filtered", "/filtered", "/typed", "/typed"]);
}

async fn a_delivery_cancelled_in_flight_stays_cancelled(app: TestApp) {
    let receiver = Receiver::new(|number, _| match number {
        0 => Answer::status(200).after(Duration::from_millis(500)),
        _ => Answer::status(200),
    })
    .await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/"), "max_in_flight": 2})).await;
    let event = tenant.publish("a.b", json!(1)).await;
    receiver.wait_for(1).await;
    let deliveries = tenant.list(&format!("/deliveries?event_id={event}")).await;
    let path = format!("/deliveries/{}", deliveries[0]["id"].as_str().expect("an id"));
    tenant.api.post(&format!("{path}/cancel"), json!({})).await.expect(200);
    // The late answer spoils nobody else's record.
    for number in 0..20 {
        let other = tenant.publish("a.b", json!(number)).await;
        assert_eq!(final_delivery(&tenant, &other).await["status"], "succeeded");
    }
    eventually("nothing is in flight", || async { app.engine.in_flight.is_empty().then_some(()) })
        .await;
    let delivery = tenant.api.get(&path).await.expect(200);
    assert_eq!(delivery["status"], "cancelled");
    assert_eq!(tenant.api.post(&format!("{path}/cancel"), json!({})).await.status, 409);
}

async fn a_deferred_event_waits(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let now = app.clock.now();
    let at = now + Duration::from_millis(700);
    let posted_at = std::time::Instant::now();
    tenant
        .api
        .post("/events", json!({"type": "a.b", "data": 1, "deliver_at": at}))
        .await
        .expect(202);
    let request = &receiver.wait_for(1).await[0];
    // `now` was read before the stopwatch started, by less than a slow machine's hiccup.
    assert!(
        request.at - posted_at >= Duration::from_millis(400),
        "came after {:?}",
        request.at - posted_at
    );
}

/// Makes `count` calls one after the other.
async fn futures_in_order<T, F: Future<Output = T>>(
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
async fn final_delivery(tenant: &testkit::Tenant, event: &str) -> Value {
    eventually("the delivery is final", || async {
        let deliveries = tenant.list(&format!("/deliveries?event_id={event}")).await;
        let delivery = deliveries.first()?.clone();
        (!delivery["completed_at"].is_null()).then_some(delivery)
    })
    .await
}
