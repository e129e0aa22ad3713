//! What is stored when the database refuses a row, or everything for a while.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use testkit::{Receiver, Storage, TestApp, eventually};

use crate::{app, final_delivery, futures_in_order};

/// Has the database refuse certain rows.
async fn refuse(app: &TestApp, table: &str, when: &str) {
    let sql = format!(
        "CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} WHEN {when} \
         BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
    );
    app.engine.database.for_migrations().execute_unprepared(&sql).await.expect("a trigger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_cannot_be_stored_fails_alone() {
    let app = app(Storage::Sqlite).await;
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    refuse(&app, "events", "NEW.type = 'a.refused'").await;
    // Posted at once, so that most of them share commits.
    let posts = (0..40).map(|number| {
        let event_type = if number % 20 == 7 { "a.refused" } else { "a.taken" };
        let tenant = tenant.clone();
        async move {
            let body = json!({"type": event_type, "data": number});
            (event_type, tenant.api.post("/events", body).await.status)
        }
    });
    for (event_type, status) in futures::future::join_all(posts).await {
        assert_eq!(status, if event_type == "a.taken" { 202 } else { 500 }, "{event_type}");
    }
    receiver.wait_for(38).await;
    eventually("what was taken is delivered", || async {
        let rows = tenant.list("/deliveries?status=succeeded").await;
        (rows.len() == 38).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_cannot_be_stored_rests_alone() {
    let app = app(Storage::Sqlite).await;
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let refused =
        "EXISTS (SELECT 1 FROM deliveries WHERE id = NEW.delivery_id AND event_type = 'a.refused')";
    refuse(&app, "attempts", refused).await;
    let mut batch: Vec<_> =
        (0..40).map(|number| json!({"type": "a.taken", "data": number})).collect();
    batch.insert(20, json!({"type": "a.refused", "data": 0}));
    let posted = tenant.api.post("/events/batch", json!({"events": batch})).await;
    assert_eq!(posted.status, 202);
    receiver.wait_for(41).await;
    eventually("the others are recorded", || async {
        let rows = tenant.list("/deliveries?status=succeeded").await;
        (rows.len() == 40).then_some(())
    })
    .await;
    let left = tenant.list("/deliveries?event_type=a.refused").await;
    assert_eq!((left.len(), &left[0]["status"]), (1, &json!("pending")), "it is sent again later");
    assert_eq!(receiver.count(), 41);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_locked_posts_are_refused_and_outcomes_wait() {
    let app = app(Storage::Sqlite).await;
    let receiver =
        Receiver::new(|_, _| testkit::Answer::status(200).after(Duration::from_millis(300))).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let events = futures_in_order(5, |number| {
        let tenant = tenant.clone();
        async move { tenant.publish("a.b", json!(number)).await }
    })
    .await;
    receiver.wait_for(5).await;
    // As a backup would, for longer than anybody waits.
    let path = app.database_path().display().to_string();
    let other = Database::connect(format!("sqlite://{path}")).await.expect("the file opens");
    other.execute_unprepared("BEGIN IMMEDIATE").await.expect("locked");
    let refused = tenant.api.post("/events", json!({"type": "a.b", "data": 6})).await;
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key("retry-after"));
    other.execute_unprepared("ROLLBACK").await.expect("unlocked");
    for event in &events {
        assert_eq!(final_delivery(&tenant, event).await["attempt_count"], 1);
    }
    tenant.publish("a.b", json!(7)).await;
    receiver.wait_for(6).await;
    assert_eq!(receiver.count(), 6, "nothing was sent twice");
}
