use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Receiver, Storage, Tenant, TestApp, eventually};

/// A window around all that a test does.
fn always() -> Value {
    json!({"from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"})
}

fn with(mut body: Value, more: Value) -> Value {
    let more = more.as_object().expect("fields").clone();
    body.as_object_mut().expect("fields").extend(more);
    body
}

fn once(url: String) -> Value {
    json!({"url": url, "retry": {"schedule_s": [0.1], "jitter": 0}})
}

async fn completed(tenant: &Tenant, id: &Value) -> Value {
    let path = format!("/replays/{}", id.as_str().expect("an id"));
    eventually("a completed replay", async || {
        let replay = tenant.api.get(&path).await.expect(200);
        (replay["status"] == "completed").then_some(replay)
    })
    .await
}

async fn dead_letters(tenant: &Tenant, count: usize) {
    eventually("dead letters", async || {
        (tenant.list("/dead-letters").await.len() == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_a_window_are_sent_again_once() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        // Two failures each, too few for its circuit to open, then nothing but successes.
        let receiver = Receiver::answering([500; 16].into_iter().chain([200])).await;
        let (subscription, _) = tenant.subscribe(once(receiver.url("/"))).await;
        for number in 0..8 {
            tenant.publish("order.paid", json!(number)).await;
        }
        dead_letters(&tenant, 8).await;
        let wanted = with(always(), json!({"subscription_id": subscription}));
        let counted = with(wanted.clone(), json!({"dry_run": true}));
        let counted = tenant.api.post("/replays", counted).await.expect(200);
        assert_eq!(counted, json!({"matched": 8}));
        assert_eq!(tenant.list("/replays").await.len(), 0, "it was only asked");

        let started = tenant.api.post("/replays", wanted.clone()).await.expect(202);
        assert_eq!((&started["matched"], &started["status"]), (&json!(8), &json!("running")));
        let ended = completed(&tenant, &started["id"]).await;
        assert_eq!((&ended["enqueued"], &ended["succeeded"]), (&json!(8), &json!(8)));
        assert_eq!((&ended["skipped"], &ended["failed"]), (&json!(0), &json!(0)));
        dead_letters(&tenant, 0).await;
        let replayed = tenant.list("/deliveries?status=succeeded").await;
        assert_eq!(replayed.len(), 8);
        assert!(replayed.iter().all(|row| row["trigger"] == "replay"
            && row["replay_id"] == started["id"]
            && row["attempt_count"] == 1));
        // What is resolved does not match any more.
        let again = tenant.api.post("/replays", with(wanted, json!({"dry_run": true}))).await;
        assert_eq!(again.expect(200), json!({"matched": 0}));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_about_what_its_filters_choose_each_event_and_subscription_once() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([200; 1]).await;
    let wanted = json!({"url": receiver.url("/"), "event_types": ["order.*"]});
    let (one, _) = tenant.subscribe(wanted).await;
    for event_type in ["order.paid", "order.paid", "order.lost", "user.made"] {
        tenant.publish(event_type, json!(1)).await;
    }
    let rows = async |filter: &str| tenant.list(&format!("/deliveries?{filter}")).await;
    eventually("three", async || (rows("status=succeeded").await.len() == 3).then_some(())).await;
    // A redelivery is another delivery of the same event and subscription.
    let first = rows("event_type=order.lost").await[0]["id"].as_str().expect("an id").to_owned();
    tenant.api.post(&format!("/deliveries/{first}/redeliver"), json!({})).await.expect(202);
    eventually("four", async || (rows("status=succeeded").await.len() == 4).then_some(())).await;

    let matched = async |more: Value| {
        let body = with(with(always(), json!({"dry_run": true})), more);
        tenant.api.post("/replays", body).await.expect(200)["matched"].clone()
    };
    assert_eq!(matched(json!({})).await, 0);
    assert_eq!(matched(json!({"statuses": ["succeeded"]})).await, 3);
    assert_eq!(matched(json!({"statuses": ["succeeded"], "event_types": ["*.paid"]})).await, 2);
    assert_eq!(matched(json!({"statuses": ["succeeded"], "to": "2020-01-02T00:00:00Z"})).await, 0);
    assert_eq!(matched(json!({"statuses": ["missing"]})).await, 0);
    // Somebody who comes later misses what matches now.
    let wanted = json!({"url": receiver.url("/late"), "filter": "event.type != 'order.lost'"});
    let (late, _) = tenant.subscribe(wanted).await;
    assert_eq!(matched(json!({"statuses": ["missing"]})).await, 3);
    assert_eq!(matched(json!({"statuses": ["missing"], "subscription_id": one})).await, 0);
    let both = json!({"statuses": ["missing", "succeeded"], "event_types": ["order.**"]});
    assert_eq!(matched(both.clone()).await, 5);

    let started = tenant.api.post("/replays", with(always(), both)).await.expect(202);
    let ended = completed(&tenant, &started["id"]).await;
    assert_eq!((&ended["matched"], &ended["enqueued"]), (&json!(5), &json!(5)));
    let mut got: HashMap<String, usize> = HashMap::new();
    for row in rows("status=succeeded").await.iter().filter(|row| row["trigger"] == "replay") {
        *got.entry(row["subscription_id"].as_str().expect("an id").to_owned()).or_default() += 1;
    }
    assert_eq!(got, HashMap::from([(one, 3), (late, 2)]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_replay_holds_and_a_cancelled_one_ends() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([200; 1]).await;
        let wanted = json!({"url": receiver.url("/"), "ordered": true});
        let (subscription, _) = tenant.subscribe(wanted).await;
        for number in 0..10 {
            tenant.publish("order.paid", json!(number)).await;
        }
        let succeeded = async || tenant.list("/deliveries?status=succeeded").await.len();
        eventually("ten", async || (succeeded().await == 10).then_some(())).await;
        // Nothing is attempted while the subscription is paused, so all that is made waits.
        let of_subscription = format!("/subscriptions/{subscription}");
        let set = async |status: &str| {
            tenant.api.patch(&of_subscription, json!({"status": status})).await.expect(200);
        };
        set("paused").await;
        let body = with(always(), json!({"statuses": ["succeeded"], "rate_per_second": 1000}));
        let replay = tenant.api.post("/replays", body.clone()).await.expect(202);
        let path = format!("/replays/{}", replay["id"].as_str().expect("an id"));
        eventually("ten made", async || {
            (tenant.api.get(&path).await.expect(200)["enqueued"] == 10).then_some(())
        })
        .await;
        let act = async |path: &str, verb: &str, status: u16| {
            tenant.api.post(&format!("{path}/{verb}"), json!({})).await.expect(status)
        };
        assert_eq!(act(&path, "pause", 200).await["status"], "paused");
        act(&path, "pause", 409).await;
        set("active").await;
        // The lane goes on without what is held.
        tenant.publish("order.paid", json!("live")).await;
        eventually("the live one", async || (succeeded().await == 11).then_some(())).await;
        let held = tenant.list("/deliveries?status=pending").await;
        assert_eq!(held.len(), 10);
        assert!(held.iter().all(|row| row["next_attempt_at"] == Value::Null));
        assert_eq!(act(&path, "resume", 200).await["status"], "running");
        act(&path, "resume", 409).await;
        completed(&tenant, &replay["id"]).await;
        assert_eq!(succeeded().await, 21);
        for verb in ["pause", "resume", "cancel"] {
            act(&path, verb, 409).await;
        }

        set("paused").await;
        let replay = tenant.api.post("/replays", body).await.expect(202);
        let path = format!("/replays/{}", replay["id"].as_str().expect("an id"));
        eventually("some made", async || {
            (tenant.api.get(&path).await.expect(200)["enqueued"] != 0).then_some(())
        })
        .await;
        assert_eq!(act(&path, "cancel", 200).await["status"], "cancelled");
        act(&path, "resume", 409).await;
        assert_eq!(tenant.list("/deliveries?status=pending").await.len(), 0);
        set("active").await;
        eventually("an end", async || {
            (tenant.api.get(&path).await.expect(200)["completed_at"] != Value::Null).then_some(())
        })
        .await;
        assert_eq!(succeeded().await, 21);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_attempts_of_a_replay_keep_its_rate_in_every_second() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([200; 1]).await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    for number in 0..30 {
        tenant.publish("order.paid", json!(number)).await;
    }
    let succeeded = async || tenant.list("/deliveries?status=succeeded&limit=250").await.len();
    eventually("thirty", async || (succeeded().await == 30).then_some(())).await;
    let body = with(always(), json!({"statuses": ["succeeded"], "rate_per_second": 20}));
    let replay = tenant.api.post("/replays", body).await.expect(202);
    completed(&tenant, &replay["id"]).await;
    let mut starts: Vec<i64> = Vec::new();
    for row in
        tenant.list("/deliveries?limit=250").await.iter().filter(|row| row["trigger"] == "replay")
    {
        let path = format!("/deliveries/{}/attempts", row["id"].as_str().expect("an id"));
        let started =
            tenant.list(&path).await[0]["started_at"].as_str().expect("a time").to_owned();
        starts.push(started.parse::<domain::time::Timestamp>().expect("a time").unix_ms());
    }
    starts.sort_unstable();
    assert_eq!(starts.len(), 30);
    let lasted = Duration::from_millis(starts[29].abs_diff(starts[0]));
    assert!(lasted >= Duration::from_millis(1_400), "30 within {lasted:?} at 20 per second");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_again_is_skipped_and_said_so() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([200; 1]).await;
    let (kept, _) = tenant.subscribe(json!({"url": receiver.url("/kept")})).await;
    let (gone, _) = tenant.subscribe(json!({"url": receiver.url("/gone")})).await;
    let event = tenant.publish("order.paid", json!(1)).await;
    tenant.publish("order.paid", json!(2)).await;
    let rows = async |filter: &str| tenant.list(&format!("/deliveries?{filter}")).await;
    eventually("four", async || (rows("status=succeeded").await.len() == 4).then_some(())).await;
    tenant.api.delete(&format!("/subscriptions/{gone}")).await.expect(204);
    // One of the others has an unfinished delivery.
    let of_kept = format!("/subscriptions/{kept}");
    tenant.api.patch(&of_kept, json!({"status": "paused"})).await.expect(200);
    let old = rows(&format!("event_id={event}&subscription_id={kept}")).await[0]["id"].clone();
    let path = format!("/deliveries/{}/redeliver", old.as_str().expect("an id"));
    tenant.api.post(&path, json!({})).await.expect(202);
    let body = with(always(), json!({"statuses": ["succeeded"]}));
    let replay = tenant.api.post("/replays", body).await.expect(202);
    assert_eq!(replay["matched"], 4);
    let path = format!("/replays/{}", replay["id"].as_str().expect("an id"));
    let seen = eventually("all looked at", async || {
        let seen = tenant.api.get(&path).await.expect(200);
        (seen["skipped"] == 3).then_some(seen)
    })
    .await;
    assert_eq!(seen["enqueued"], 1);
    tenant.api.patch(&of_kept, json!({"status": "active"})).await.expect(200);
    assert_eq!(completed(&tenant, &replay["id"]).await["succeeded"], 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_replayed_and_discarded_by_filter() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([500; 8].into_iter().chain([200])).await;
    let (subscription, _) = tenant.subscribe(once(receiver.url("/"))).await;
    for event_type in ["order.paid", "order.lost", "user.made", "user.gone"] {
        tenant.publish(event_type, json!(1)).await;
    }
    dead_letters(&tenant, 4).await;
    let replay = json!({"event_types": ["order.*"]});
    let replay = tenant.api.post("/dead-letters/replay", replay).await.expect(202);
    assert_eq!(replay["matched"], 2);
    completed(&tenant, &replay["id"]).await;
    dead_letters(&tenant, 2).await;
    let discard = json!({"event_types": ["user.made"], "subscription_id": subscription});
    let discarded = tenant.api.post("/dead-letters/discard", discard).await.expect(200);
    assert_eq!(discarded, json!({"discarded": 1}));
    let discarded = tenant.api.post("/dead-letters/discard", json!({})).await.expect(200);
    assert_eq!(discarded, json!({"discarded": 1}));
    dead_letters(&tenant, 0).await;
    let resolved = tenant.list("/dead-letters?resolved=true").await;
    let discarded = resolved.iter().filter(|row| row["resolution"] == "discarded").count();
    assert_eq!((resolved.len(), discarded), (4, 2));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_makes_no_sense_is_refused() {
    let app = TestApp::start().await;
    let [one, other] = [app.operator.new_tenant().await, app.operator.new_tenant().await];
    let (foreign, _) = other.subscribe(json!({"url": "https://example.invalid/"})).await;
    let post = async |body: Value| one.api.post("/replays", body).await;
    post(json!({"from": "2026-01-21T12:00:00Z"})).await.expect(422);
    post(json!({"from": "yesterday", "to": "today"})).await.expect(422);
    post(json!({"from": "2026-01-21T12:00:00Z", "to": "2026-01-21T12:00:00Z"})).await.expect(422);
    post(with(always(), json!({"statuses": ["lost"]}))).await.expect(422);
    post(with(always(), json!({"statuses": [{"failed": null}]}))).await.expect(422);
    post(with(always(), json!({"event_types": ["a..b"]}))).await.expect(422);
    post(with(always(), json!({"subscription_id": foreign}))).await.expect(404);
    let body = json!({"statuses": ["succeeded"]});
    one.api.post("/dead-letters/replay", body).await.expect(422);
    one.api.post("/dead-letters/discard", json!({"subscription_id": foreign})).await.expect(404);
    one.api.post("/dead-letters/discard", json!({"statuses": ["failed"]})).await.expect(422);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_come_back_by_themselves_once_their_receiver_is_well() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([500; 4].into_iter().chain([200])).await;
    let policy = json!({"auto_replay": {"healthy_minutes": 2, "max": 3}});
    let (subscription, _) = tenant.subscribe(with(once(receiver.url("/")), policy.clone())).await;
    let shown = tenant.api.get(&format!("/subscriptions/{subscription}")).await.expect(200);
    assert_eq!(shown["auto_replay"], policy["auto_replay"]);
    for number in 0..2 {
        tenant.publish("order.paid", json!(number)).await;
    }
    dead_letters(&tenant, 2).await;
    // A success, and two minutes without a failure.
    tenant.publish("order.paid", json!("well")).await;
    eventually("a success", async || {
        (tenant.list("/deliveries?status=succeeded").await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(tenant.list("/replays").await.len(), 0, "it has not been well for long");
    app.clock.advance(Duration::from_secs(150));
    tenant.publish("order.paid", json!("still well")).await;
    dead_letters(&tenant, 0).await;
    let replays = tenant.list("/replays").await;
    assert_eq!(replays.len(), 1);
    assert_eq!((&replays[0]["automatic"], &replays[0]["matched"]), (&json!(true), &json!(2)));
    assert_eq!(replays[0]["subscription_id"], json!(subscription));
    let noted = tenant.list("/audit-log?action=replay.created").await;
    assert_eq!(noted[0]["actor"]["type"], "system");
    let patch = json!({"auto_replay": {"healthy_minutes": 0, "max": 3}});
    tenant.api.patch(&format!("/subscriptions/{subscription}"), patch).await.expect(422);
    app.stop().await;
}
