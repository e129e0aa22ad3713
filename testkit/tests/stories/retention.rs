//! What goes when its time is over, what stays, and what others notice of it.

mod partitions;
mod rows;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::ids::{DeliveryId, Of, TenantId};
use serde_json::{Value, json};
use testkit::{Answer, Receiver, TestApp};

use self::partitions::partitions_until_now;
use self::rows::{count, is_postgres, seed};
use crate::{final_delivery, stories};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Past the retention (30 days) with all of the day's partitions: a day ends, and events follow their
/// deliveries a day later.
const AGED: Duration = Duration::from_secs(33 * 24 * 60 * 60);

stories! {
    what_has_been_kept_long_enough_is_gone
    a_dead_letter_keeps_its_event_until_it_is_replayed
    attempts_of_a_batch_stay_while_one_of_its_events_does
    what_was_due_for_the_whole_retention_is_a_dead_letter
    what_is_due_later_waits_with_its_event
    a_dead_letter_that_nobody_looks_at_goes_after_90_days
    a_redelivery_in_the_making_keeps_its_event
    a_request_in_flight_is_not_expired
    deliveries_go_on_while_much_is_purged
}

async fn age(app: &TestApp, by: Duration) {
    app.clock.advance(by);
    app.engine.keep_house_once().await.expect("the database is there");
}

async fn retain(app: &TestApp) -> engine::retention::Purged {
    app.engine.retain_once().await.expect("the database is there")
}

fn id_of(row: &Value) -> String {
    row["id"].as_str().expect("an id").to_owned()
}

async fn what_has_been_kept_long_enough_is_gone(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let events = [tenant.publish("a.b", json!(1)).await, tenant.publish("a.b", json!(2)).await];
    let unmatched = {
        let lonely = app.operator.new_tenant().await;
        (lonely.publish("a.b", json!(3)).await, lonely)
    };
    let mut deliveries = Vec::new();
    for event in &events {
        deliveries.push(id_of(&final_delivery(&tenant, event).await));
    }
    let page = tenant.api.get("/events?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().expect("there is a second event").to_owned();

    age(&app, 29 * DAY).await;
    retain(&app).await;
    tenant.api.get(&format!("/events/{}", events[0])).await.expect(200);
    assert_eq!(tenant.list(&format!("/deliveries/{}/attempts", deliveries[0])).await.len(), 1);

    age(&app, 4 * DAY).await;
    retain(&app).await;
    for event in &events {
        tenant.api.get(&format!("/events/{event}")).await.expect(404);
    }
    unmatched.1.api.get(&format!("/events/{}", unmatched.0)).await.expect(404);
    for delivery in &deliveries {
        tenant.api.get(&format!("/deliveries/{delivery}")).await.expect(404);
        tenant.api.get(&format!("/deliveries/{delivery}/attempts")).await.expect(404);
        tenant.api.post(&format!("/deliveries/{delivery}/redeliver"), json!({})).await.expect(404);
    }
    for list in ["/events", "/deliveries", "/dead-letters", "/dead-letters?resolved=true"] {
        assert!(tenant.list(list).await.is_empty(), "{list}");
    }
    assert!(tenant.list(&format!("/events?limit=1&cursor={cursor}")).await.is_empty());
    for table in ["events", "deliveries", "attempts"] {
        assert_eq!(count(&app, table).await, 0, "{table}");
    }

    let new = tenant.publish("a.b", json!(4)).await;
    assert_eq!(final_delivery(&tenant, &new).await["status"], "succeeded");
    retain(&app).await;
    assert_eq!(tenant.list("/deliveries").await.len(), 1);
}

async fn a_dead_letter_keeps_its_event_until_it_is_replayed(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!({"n": 1})).await;
    let dead = id_of(&final_delivery(&tenant, &event).await);
    receiver.behave(|_, _| Answer::status(200));
    let other = tenant.publish("a.b", json!({"n": 2})).await;
    final_delivery(&tenant, &other).await;

    age(&app, AGED).await;
    let purged = retain(&app).await;
    tenant.api.get(&format!("/events/{other}")).await.expect(404);
    if is_postgres(&app) {
        assert!(purged.partitions >= 3, "{purged:?}");
        assert!(partitions_until_now(&app).await.is_empty(), "they are really dropped");
        assert_eq!(count(&app, "ONLY events_default").await, 1);
        assert_eq!(count(&app, "ONLY deliveries_default").await, 1);
        assert_eq!(count(&app, "ONLY attempts_default").await, 6);
    }
    tenant.api.get(&format!("/events/{event}")).await.expect(200);
    assert_eq!(tenant.list("/dead-letters").await.len(), 1);
    assert_eq!(tenant.list(&format!("/deliveries/{dead}/attempts")).await.len(), 6);

    let came = receiver.count();
    let new = tenant.api.post(&format!("/dead-letters/{dead}/replay"), json!({})).await.expect(202);
    let requests = receiver.wait_for(came + 1).await;
    assert_eq!(requests.last().expect("one more").json()["data"], json!({"n": 1}));
    testkit::eventually("the dead letter is resolved", || async {
        tenant.list("/dead-letters").await.is_empty().then_some(())
    })
    .await;

    // The old delivery goes; the new one is young, and keeps the event.
    retain(&app).await;
    tenant.api.get(&format!("/deliveries/{dead}")).await.expect(404);
    assert!(tenant.list("/dead-letters?resolved=true").await.is_empty());
    tenant.api.get(&format!("/deliveries/{}", id_of(&new))).await.expect(200);
    tenant.api.get(&format!("/events/{event}")).await.expect(200);
    age(&app, AGED).await;
    retain(&app).await;
    tenant.api.get(&format!("/deliveries/{}", id_of(&new))).await.expect(404);
    tenant.api.get(&format!("/events/{event}")).await.expect(404);
}

async fn attempts_of_a_batch_stay_while_one_of_its_events_does(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    let delivery = json!({"mode": "batch", "max_events": 2, "max_wait_ms": 60_000});
    tenant.subscribe(json!({"url": receiver.url("/"), "delivery": delivery})).await;
    let mut dead = Vec::new();
    for event in [tenant.publish("a.b", json!(1)).await, tenant.publish("a.b", json!(2)).await] {
        dead.push(id_of(&final_delivery(&tenant, &event).await));
    }

    tenant.api.delete(&format!("/dead-letters/{}", dead[0])).await.expect(204);
    age(&app, AGED).await;
    retain(&app).await;
    tenant.api.get(&format!("/deliveries/{}", dead[0])).await.expect(404);
    assert_eq!(tenant.list(&format!("/deliveries/{}/attempts", dead[1])).await.len(), 6);
    tenant.api.delete(&format!("/dead-letters/{}", dead[1])).await.expect(204);
    retain(&app).await;
    for table in ["deliveries", "attempts"] {
        assert_eq!(count(&app, table).await, 0, "{table}");
    }
}

async fn what_was_due_for_the_whole_retention_is_a_dead_letter(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let mut subscriptions = Vec::new();
    for ordered in [false, true] {
        let body = json!({"url": receiver.url("/"), "status": "paused", "ordered": ordered});
        subscriptions.push(tenant.subscribe(body).await.0);
    }
    let event = tenant.publish("a.b", json!(1)).await;
    age(&app, 29 * DAY).await;
    assert_eq!(retain(&app).await.expired, 0);
    let young = tenant.publish("a.b", json!(2)).await;
    age(&app, 2 * DAY).await;
    assert_eq!(retain(&app).await.expired, 2);
    assert_eq!(retain(&app).await.expired, 0);

    let letters = tenant.list("/dead-letters").await;
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(letter["failure_reason"], "expired");
        assert_eq!(letter["event_id"], event.as_str());
        assert_eq!(letter["status"], "failed");
    }
    for subscription in &subscriptions {
        let path = format!("/subscriptions/{subscription}");
        tenant.api.patch(&path, json!({"status": "active"})).await.expect(200);
    }
    for request in receiver.wait_for(2).await {
        assert_eq!(request.header("webhook-id"), young, "the expired ones are not sent");
    }
    age(&app, 3 * DAY).await;
    retain(&app).await;
    for letter in &letters {
        let path = format!("/dead-letters/{}/replay", id_of(letter));
        tenant.api.post(&path, json!({})).await.expect(202);
    }
    for request in &receiver.wait_for(4).await[2..] {
        assert_eq!(request.header("webhook-id"), event);
    }
}

async fn what_is_due_later_waits_with_its_event(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) =
        tenant.subscribe(json!({"url": receiver.url("/"), "status": "paused"})).await;
    let deliver_at = (app.clock.now() + 29 * DAY).to_string();
    let body = json!({"type": "a.b", "data": 1, "deliver_at": deliver_at});
    let event = id_of(&tenant.api.post("/events", body).await.expect(202));
    // Due for four days, made 33 ago.
    age(&app, AGED).await;
    assert_eq!(retain(&app).await.expired, 0);
    tenant.api.get(&format!("/events/{event}")).await.expect(200);
    let path = format!("/subscriptions/{subscription}");
    tenant.api.patch(&path, json!({"status": "active"})).await.expect(200);
    assert_eq!(final_delivery(&tenant, &event).await["status"], "succeeded");
    assert_eq!(receiver.received()[0].header("webhook-id"), event);
    retain(&app).await;
    tenant.api.get(&format!("/events/{event}")).await.expect(404);
}

async fn a_dead_letter_that_nobody_looks_at_goes_after_90_days(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(1)).await;
    final_delivery(&tenant, &event).await;
    age(&app, 89 * DAY).await;
    assert_eq!(retain(&app).await.discarded, 0);
    assert_eq!(tenant.list("/dead-letters").await.len(), 1);
    age(&app, 2 * DAY).await;
    assert_eq!(retain(&app).await.discarded, 1);
    for list in ["/dead-letters", "/dead-letters?resolved=true", "/deliveries", "/events"] {
        assert!(tenant.list(list).await.is_empty(), "{list}");
    }
}

async fn a_redelivery_in_the_making_keeps_its_event(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    // On Postgres the first goes with its partition; the second has none, and goes by itself.
    let mut old = Vec::new();
    for number in 0..2 {
        let event = tenant.publish("a.b", json!(number)).await;
        let delivery = id_of(&final_delivery(&tenant, &event).await);
        old.push((event, delivery.parse::<DeliveryId>().expect("a delivery's id")));
        app.clock.advance(AGED);
    }
    let tenant_id: TenantId = tenant.id.parse().expect("a tenant's id");
    let transaction = app.engine.database.begin().await.expect("a transaction");
    let mut made = Vec::new();
    for (_, delivery) in &old {
        let redelivery = app.engine.redeliver(&transaction, Of::new(tenant_id, *delivery)).await;
        made.push(redelivery.expect("it is still there"));
    }
    // On Postgres the two go on beside each other; on SQLite the run has to wait.
    if is_postgres(&app) {
        retain(&app).await;
        transaction.commit().await.expect("committed");
        retain(&app).await;
    } else {
        let run = tokio::spawn({
            let engine = app.engine.clone();
            async move { engine.retain_once().await }
        });
        transaction.commit().await.expect("committed");
        run.await.expect("no panic").expect("the database is there");
    }
    for redelivery in &made {
        app.engine.push_redelivery(redelivery).await;
    }
    let mut sent: Vec<String> = Vec::new();
    for request in &receiver.wait_for(4).await[2..] {
        sent.push(request.header("webhook-id").to_owned());
    }
    for (event, delivery) in &old {
        assert!(sent.contains(event), "{sent:?}");
        tenant.api.get(&format!("/events/{event}")).await.expect(200);
        tenant.api.get(&format!("/deliveries/{delivery}")).await.expect(404);
    }
}

async fn a_request_in_flight_is_not_expired(app: TestApp) {
    let receiver = Receiver::new(|_, _| Answer::status(200).after(Duration::from_secs(2))).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(1)).await;
    testkit::eventually("it is in flight", || async {
        (!app.engine.in_flight.is_empty()).then_some(())
    })
    .await;
    age(&app, 31 * DAY).await;
    assert_eq!(retain(&app).await.expired, 0);
    testkit::eventually("its outcome is recorded", || async {
        app.engine.in_flight.is_empty().then_some(())
    })
    .await;
    let deliveries = tenant.list(&format!("/deliveries?event_id={event}")).await;
    assert!(deliveries.iter().all(|delivery| delivery["status"] == "succeeded"), "{deliveries:?}");
    assert!(tenant.list("/dead-letters").await.is_empty());
}

/// How it is shared: of every so many commits of the purge, at least one event has been taken meanwhile.
const CHUNKS_PER_EVENT: u64 = 4;

async fn deliveries_go_on_while_much_is_purged(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    // What it was posted on goes as a partition; what is seeded has none, and goes in chunks.
    let aged = tenant.publish("a.b", json!("aged")).await;
    final_delivery(&tenant, &aged).await;
    age(&app, AGED).await;
    let first = app.clock.now() - 73 * DAY;
    seed(&app, &tenant, &subscription, first, 50_000, false).await;

    let is_over = AtomicBool::new(false);
    let publishing = async {
        let mut events = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            events.push(tenant.publish("a.b", json!(events.len())).await);
        }
        events
    };
    let purging = async {
        let purged = retain(&app).await;
        is_over.store(true, Ordering::Relaxed);
        purged
    };
    let (events, purged) = tokio::join!(publishing, purging);
    let in_chunks = if is_postgres(&app) { 50_000 } else { 50_001 };
    assert_eq!((purged.deliveries, purged.events), (in_chunks, in_chunks));
    tenant.api.get(&format!("/events/{aged}")).await.expect(404);
    assert!(purged.chunks >= 200, "at most 500 rows of each table at once: {purged:?}");
    let taken = u64::try_from(events.len()).expect("a count");
    assert!(taken * CHUNKS_PER_EVENT >= purged.chunks, "{taken} events beside {purged:?}");
    receiver.wait_for(events.len() + 1).await;
    let last = events.last().expect("some were taken");
    assert_eq!(final_delivery(&tenant, last).await["status"], "succeeded");
    let left = i64::try_from(events.len()).expect("a count");
    for table in ["events", "deliveries", "attempts"] {
        testkit::eventually("what is new stays", || async {
            (count(&app, table).await == left).then_some(())
        })
        .await;
    }
}
