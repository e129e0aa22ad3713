//! Who gets an event, however many they are.

use std::collections::HashSet;

use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use entity::fan_out::{Model, Recipient, Recipients};
use sea_orm::{EntityTrait, IntoActiveModel, PaginatorTrait};
use serde_json::{Value, json};
use testkit::{Receiver, Tenant, TestApp};

use crate::{final_delivery, stories};

stories! {
    only_matching_events_are_delivered
    filters_that_take_too_long_together_refuse_the_event
    a_posting_larger_than_a_commit_reaches_everybody
    a_fan_out_cut_off_by_a_crash_is_finished_at_the_next_start
    a_subscription_deleted_meanwhile_gets_nothing_of_a_resumed_fan_out
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

async fn filters_that_take_too_long_together_refuse_the_event(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let costly = json!({"url": receiver.url("/"), "filter": "data.list.all(x, data.text.contains(data.text + 'x') || true)"});
    let data = json!({"list": vec![1; 1000], "text": "a".repeat(50_000)});
    tenant.subscribe(costly.clone()).await;
    let posted = json!({"type": "a.b", "data": data});
    let alone = tenant.api.post("/events", posted.clone()).await.expect(202);
    assert_eq!(alone["deliveries"], 0, "it errs, and matches nothing");
    tenant.subscribe(costly.clone()).await;
    tenant.subscribe(costly).await;
    let refused = tenant.api.post("/events", posted).await.expect(422);
    assert_eq!(refused["code"], "filters_too_costly");
}

async fn a_posting_larger_than_a_commit_reaches_everybody(app: TestApp) {
    const EVENTS: usize = 700;
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    for path in ["/1", "/2", "/ordered"] {
        tenant.subscribe(json!({"url": receiver.url(path), "ordered": path == "/ordered"})).await;
    }
    let events: Vec<Value> = (0..EVENTS).map(|n| json!({"type": "a.b", "data": n})).collect();
    let answer = tenant.api.post("/events/batch", json!({"events": events})).await.expect(202);
    let items = answer["data"].as_array().expect("a list");
    assert!(items.iter().all(|item| item["status"] == 202), "{answer}");

    let requests = receiver.wait_for(3 * EVENTS).await;
    let deliveries: HashSet<&str> =
        requests.iter().map(|request| request.header("x-pt-delivery")).collect();
    assert_eq!(deliveries.len(), 3 * EVENTS, "each exactly once");
    let ordered = requests.iter().filter(|request| request.path == "/ordered");
    let numbers: Vec<u64> =
        ordered.map(|request| request.json()["data"].as_u64().expect("a number")).collect();
    assert!(numbers.is_sorted(), "in the order of the batch");
    assert_eq!(lists_left(&app).await, 0);
}

async fn a_fan_out_cut_off_by_a_crash_is_finished_at_the_next_start(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let event = tenant.publish("a.b", json!(1)).await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    leave_list(&app, &tenant, &event, &subscription).await;

    app.engine.fill_queue().await.expect("the database is there");
    assert_eq!(receiver.wait_for(1).await[0].header("webhook-id"), event);
    assert_eq!(final_delivery(&tenant, &event).await["status"], "succeeded");
    assert_eq!(lists_left(&app).await, 0);
}

async fn a_subscription_deleted_meanwhile_gets_nothing_of_a_resumed_fan_out(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let event = tenant.publish("a.b", json!(1)).await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    leave_list(&app, &tenant, &event, &subscription).await;
    tenant.api.delete(&format!("/subscriptions/{subscription}")).await.expect(204);

    app.engine.fill_queue().await.expect("the database is there");
    assert_eq!(final_delivery(&tenant, &event).await["status"], "cancelled");
    assert_eq!(receiver.count(), 0);
}

/// What a crash leaves between the commit of an event with the list of who gets it and that of the
/// deliveries.
async fn leave_list(app: &TestApp, tenant: &Tenant, event: &str, subscription: &str) {
    let event_id: EventId = event.parse().expect("an id");
    let created_at = event_id.time();
    let recipient = Recipient {
        delivery_id: DeliveryId::derive(created_at, &[b"of the list"]),
        subscription_id: subscription.parse::<SubscriptionId>().expect("an id"),
        revision: 1,
        max_attempts: 6,
        ordered: false,
    };
    let list = Model {
        event_id,
        tenant_id: tenant.id.parse::<TenantId>().expect("an id"),
        event_type: "a.b".to_owned(),
        due_at: created_at,
        recipients: Recipients(vec![recipient]),
        written: 0,
    };
    let transaction = app.engine.database.begin().await.expect("a transaction");
    entity::fan_out::Entity::insert(list.into_active_model())
        .exec_without_returning(&transaction)
        .await
        .expect("stored");
    transaction.commit().await.expect("committed");
}

async fn lists_left(app: &TestApp) -> u64 {
    entity::fan_out::Entity::find().count(&app.engine.database.read).await.expect("readable")
}
