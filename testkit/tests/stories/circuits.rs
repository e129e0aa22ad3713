//! Receivers that fail for long: their circuits open and close, and at last they are given up.

use std::time::Duration;

use entity::subscription;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;
use testkit::{Answer, Receiver, Tenant, TestApp, eventually};

use crate::{final_delivery, futures_in_order, stories};

stories! {
    a_circuit_opens_after_twenty_failures_and_a_probe_closes_it
    being_asked_to_wait_opens_no_circuit
    starting_a_subscription_again_closes_its_circuit
    a_receiver_that_fails_for_days_is_given_up
}

/// The subscription's row.
async fn row(app: &TestApp, id: &str) -> subscription::Model {
    let id: domain::ids::SubscriptionId = id.parse().expect("an id");
    let found = subscription::Entity::find_by_id(id).one(&app.engine.database.read).await;
    found.expect("readable").expect("it is there")
}

async fn publish(tenant: &Tenant, count: usize) -> Vec<String> {
    futures_in_order(count, |number| {
        let tenant = tenant.clone();
        async move { tenant.publish("a.b", json!(number)).await }
    })
    .await
}

async fn a_circuit_opens_after_twenty_failures_and_a_probe_closes_it(app: TestApp) {
    // The 20 that open it and the first probe fail.
    let receiver =
        Receiver::new(|number, _| Answer::status(if number < 21 { 500 } else { 200 })).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) =
        tenant.subscribe(json!({"url": receiver.url("/"), "max_in_flight": 1})).await;
    let events = publish(&tenant, 30).await;
    eventually("the circuit is open", || async {
        row(&app, &subscription).await.circuit_opened_at.map(|_| ())
    })
    .await;
    let requests = receiver.wait_for(51).await;
    let waited = |number: usize| requests[number].at - requests[number - 1].at;
    assert!(waited(20) >= Duration::from_millis(990), "the first probe after {:?}", waited(20));
    assert!(waited(21) >= Duration::from_millis(1_990), "the second after {:?}", waited(21));
    for event in &events {
        assert_eq!(final_delivery(&tenant, event).await["status"], "succeeded");
    }
    assert_eq!(receiver.count(), 51, "30 successes and 21 failures: who waited used up no attempt");
    let row = row(&app, &subscription).await;
    assert_eq!(
        (row.circuit_opened_at, row.failing_since, row.consecutive_failures),
        (None, None, 0)
    );
}

async fn being_asked_to_wait_opens_no_circuit(app: TestApp) {
    let receiver = Receiver::new(|number, _| match number {
        0..25 => Answer::status(429).header("retry-after", "0"),
        _ => Answer::status(200),
    })
    .await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let events = publish(&tenant, 10).await;
    for event in &events {
        final_delivery(&tenant, event).await;
        assert_eq!(row(&app, &subscription).await.circuit_opened_at, None);
    }
    assert!(receiver.count() >= 25);
}

async fn starting_a_subscription_again_closes_its_circuit(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let path = format!("/subscriptions/{subscription}");
    publish(&tenant, 25).await;
    eventually("the circuit is open", || async {
        row(&app, &subscription).await.circuit_opened_at.map(|_| ())
    })
    .await;
    tenant.api.patch(&path, json!({"status": "paused"})).await.expect(200);
    receiver.behave(|_, _| Answer::status(200));
    tenant.api.patch(&path, json!({"status": "active"})).await.expect(200);
    let row = row(&app, &subscription).await;
    assert_eq!((row.circuit_opened_at, row.consecutive_failures), (None, 0));
    let event = tenant.publish("a.b", json!("later")).await;
    assert_eq!(final_delivery(&tenant, &event).await["status"], "succeeded");
}

async fn a_receiver_that_fails_for_days_is_given_up(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) =
        tenant.subscribe(json!({"url": receiver.url("/"), "retry": {"schedule_s": [3600]}})).await;
    tenant.publish("a.b", json!(1)).await;
    eventually("the failure is noted", || async {
        row(&app, &subscription).await.failing_since.map(|_| ())
    })
    .await;
    // As if it had begun six days ago.
    let since = (app.clock.now() - Duration::from_secs(6 * 24 * 60 * 60)).unix_ms();
    let sql = format!(
        "UPDATE subscriptions SET failing_since = {since}, failing_last_at = {since}, failing_attempts = 30, failing_days = 2"
    );
    app.engine.database.for_migrations().execute_unprepared(&sql).await.expect("changed");
    let last = tenant.publish("a.b", json!(2)).await;
    let delivery = final_delivery(&tenant, &last).await;
    assert_eq!(delivery["failure_reason"], "subscription_disabled");
    let shown = tenant.api.get(&format!("/subscriptions/{subscription}")).await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["disabled_reason"]),
        (&json!("disabled"), &json!("failing"))
    );
    eventually("what waited is dead", || async {
        (tenant.list("/dead-letters").await.len() == 2).then_some(())
    })
    .await;
}
