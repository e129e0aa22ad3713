//! What holds the deliveries of a subscription, orders them or ends them.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, Receiver, TestApp, eventually};

use crate::{final_delivery, futures_in_order, stories};

stories! {
    a_410_disables_the_subscription_and_what_waits_is_dead
    a_paused_subscription_holds_its_deliveries
    an_ordered_subscription_gets_one_at_a_time_in_order
    deleting_a_subscription_cancels_what_waits
    a_deferred_event_waits
    a_delivery_cancelled_in_flight_stays_cancelled
    a_subscription_that_loses_its_order_sends_nothing_twice
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
    let [entry] = tenant.list("/audit-log?actor=system").await.try_into().expect("one entry");
    assert_eq!(entry["action"], "subscription.disabled");
    assert_eq!(entry["actor"], json!({"type": "system", "id": null}));
    assert_eq!(entry["resource"], json!({"type": "subscription", "id": subscription}));
    assert_eq!((&entry["request_id"], &entry["source_ip"]), (&Value::Null, &Value::Null));
    let changes = json!({
        "status": {"from": "active", "to": "disabled"}, "disabled_reason": {"from": null, "to": "gone"},
    });
    assert_eq!(entry["changes"], changes);
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

async fn a_deferred_event_waits(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    // The stopwatch starts first: whatever the machine does, the delivery may not come before it shows
    // as much.
    let began = std::time::Instant::now();
    let at = app.clock.now() + Duration::from_millis(700);
    tenant
        .api
        .post("/events", json!({"type": "a.b", "data": 1, "deliver_at": at}))
        .await
        .expect(202);
    let request = &receiver.wait_for(1).await[0];
    let after = request.at - began;
    assert!(after >= Duration::from_millis(699), "came after {after:?}");
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

async fn a_subscription_that_loses_its_order_sends_nothing_twice(app: TestApp) {
    let receiver = Receiver::new(|number, _| match number {
        0 => Answer::status(200).after(Duration::from_millis(800)),
        _ => Answer::status(200),
    })
    .await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) =
        tenant.subscribe(json!({"url": receiver.url("/"), "ordered": true})).await;
    let events = futures_in_order(10, |number| {
        let tenant = tenant.clone();
        async move { tenant.publish("a.b", json!(number)).await }
    })
    .await;
    receiver.wait_for(1).await;
    // Its head is in flight, and the lane does not know which one that is.
    let path = format!("/subscriptions/{subscription}");
    tenant.api.patch(&path, json!({"ordered": false})).await.expect(200);
    for event in &events {
        assert_eq!(final_delivery(&tenant, event).await["status"], "succeeded");
    }
    assert_eq!(receiver.count(), 10, "each was sent once");
}
