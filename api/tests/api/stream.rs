//! What a stream of deliveries tells, and to whom.

use serde_json::{Value, json};
use testkit::{Client, Receiver, Storage, TestApp, eventually};

use super::follow::{Follower, Told};
use super::raw::{OPERATOR_KEY, send};

const BOTH: [Storage; 2] = [Storage::Sqlite, Storage::Postgres];

async fn key_of(app: &TestApp, tenant: &str, scopes: Value) -> (String, String) {
    let path = format!("/tenants/{tenant}/keys");
    let made =
        app.operator.post(&path, json!({"name": "a key", "scopes": scopes})).await.expect(201);
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (text("secret"), text("id"))
}

fn statuses<'a>(told: &'a [Told], event: &str) -> Vec<&'a str> {
    let of_event =
        told.iter().filter(|one| one.name == "delivery" && one.data["event_id"] == event);
    of_event.map(|one| one.data["status"].as_str().expect("a status")).collect()
}

fn is_final(told: &[Told], event: &str) -> bool {
    statuses(told, event).last().is_some_and(|last| ["succeeded", "failed"].contains(last))
}

async fn finished(api: &Client, event: &str) {
    eventually("the delivery's end", async || {
        let page = api.get(&format!("/deliveries?event_id={event}")).await.expect(200);
        let row = page["data"][0].clone();
        ["succeeded", "failed"].contains(&row["status"].as_str()?).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_of_what_is_made_and_changes_to_who_may_see_it() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let receiver = Receiver::answering([500, 200]).await;
        let (tenant, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
        let retry = json!({"schedule_s": [0.6], "jitter": 0});
        tenant.subscribe(json!({"url": receiver.url("/"), "retry": retry})).await;
        other.subscribe(json!({"url": receiver.url("/"), "event_types": ["other.**"]})).await;
        let before = tenant.publish("order.seen", json!(0)).await;
        finished(&tenant.api, &before).await;

        let (key, _) = key_of(&app, &tenant.id, json!(["deliveries:read"])).await;
        let (other_key, _) = key_of(&app, &other.id, json!(["*"])).await;
        let mut own = Follower::open(&app, &key, "", &[]).await;
        let mut all = Follower::open(&app, OPERATOR_KEY, "", &[]).await;
        let mut foreign = Follower::open(&app, &other_key, "", &[]).await;
        let mut failed = Follower::open(&app, &key, "?status=failed", &[]).await;

        receiver.behave(|count, _| testkit::Answer::status(if count % 2 == 1 { 500 } else { 200 }));
        let event = tenant.publish("order.paid", json!(1)).await;
        let told = own.until(|told| is_final(told, &event)).await;
        assert!(statuses(&told, &event).contains(&"succeeded"), "{told:?}");
        // What was there before is not told.
        assert!(statuses(&told, &before).is_empty(), "{told:?}");
        assert!(told.iter().all(|one| one.data.get("tenant_id").is_none()), "{told:?}");
        let told = all.until(|told| is_final(told, &event)).await;
        assert_eq!(told[0].data["tenant_id"], tenant.id.as_str());

        let last = other.publish("other.done", json!(1)).await;
        let told = foreign.until(|told| is_final(told, &last)).await;
        assert!(statuses(&told, &event).is_empty(), "{told:?}");

        receiver.behave(|_, _| testkit::Answer::status(500));
        let dead = tenant.publish("order.lost", json!(1)).await;
        let told = failed.until(|told| !statuses(told, &dead).is_empty()).await;
        assert!(told.iter().all(|one| one.data["status"] == "failed"), "{told:?}");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_again_is_told_what_was_missed() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let receiver = Receiver::answering([200]).await;
        let tenant = app.operator.new_tenant().await;
        tenant.subscribe(json!({"url": receiver.url("/")})).await;
        let (key, _) = key_of(&app, &tenant.id, json!(["*"])).await;
        let mut first = Follower::open(&app, &key, "", &[]).await;
        let seen = tenant.publish("order.paid", json!(1)).await;
        let told = first.until(|told| is_final(told, &seen)).await;
        let id = told.last().expect("an event").id.clone();
        drop(first);

        let missed = tenant.publish("order.paid", json!(2)).await;
        finished(&tenant.api, &missed).await;
        let mut again = Follower::open(&app, &key, "", &[("last-event-id", &id)]).await;
        let told = again.until(|told| is_final(told, &missed)).await;
        assert_eq!(statuses(&told, &missed), ["succeeded"]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_its_key_and_with_the_server() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (key, id) = key_of(&app, &tenant.id, json!(["deliveries:read"])).await;
    let mut stream = Follower::open(&app, &key, "", &[]).await;
    app.operator.delete(&format!("/tenants/{}/keys/{id}", tenant.id)).await.expect(204);
    stream.ends().await;
    let mut other = Follower::open(&app, OPERATOR_KEY, "", &[]).await;
    let (_, ()) = tokio::join!(app.stop(), other.ends());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_follow_is_refused() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (key, _) = key_of(&app, &tenant.id, json!(["events:read"])).await;
    let ask = async |key: &str, query: &str, id: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("last-event-id", id)];
        send(&app, "GET", &format!("/api/v1/webhooks/stream{query}"), &headers, b"").await
    };
    assert_eq!(ask(&key, "", "").await.json()["code"], "missing_scope");
    assert_eq!(ask("no-key", "", "").await.status, 401);
    for (query, id) in [("?status=lost", ""), ("?limit=5", ""), ("", "evt_1")] {
        let answer = ask(OPERATOR_KEY, query, id).await;
        assert_eq!(answer.status, 422, "{query} {id}: {answer:?}");
    }
    app.stop().await;
}
