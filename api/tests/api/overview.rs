//! What an overview is made of: subscriptions side by side, lanes in which something waits, dead letters by what they
//! have in common, and events by a text in them.

use std::net::TcpListener;

use serde_json::{Value, json};
use testkit::{Receiver, Storage, TestApp, eventually};

const BOTH: [Storage; 2] = [Storage::Sqlite, Storage::Postgres];

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_told_side_by_side_those_that_fail_most_first() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let (good, bad) = (Receiver::answering([200]).await, Receiver::answering([500]).await);
        let tenant = app.operator.new_tenant().await;
        let other = app.operator.new_tenant().await;
        let (well, _) = tenant.subscribe(json!({"url": good.url("/")})).await;
        let retry = json!({"schedule_s": [0.1], "jitter": 0});
        let (ill, _) = tenant.subscribe(json!({"url": bad.url("/"), "retry": retry})).await;
        tenant.publish("order.paid", json!(1)).await;
        let told = eventually("both in the figures", async || {
            let told = tenant.api.get("/stats/subscriptions?bucket=1h").await.expect(200);
            let rows = told["data"].as_array()?;
            (rows.len() == 2 && rows[0]["attempts"] == 2).then(|| told.clone())
        })
        .await;
        assert_eq!(told["bucket_s"], 3600);
        let rows = told["data"].as_array().expect("rows");
        let of = |row: &Value| {
            (row["subscription_id"].clone(), row["failed"].clone(), row["succeeded"].clone())
        };
        assert_eq!(of(&rows[0]), (json!(ill), json!(2), json!(0)));
        assert_eq!(of(&rows[1]), (json!(well), json!(0), json!(1)));
        assert_eq!(rows[0]["url"], bad.url("/"));
        let buckets = rows[0]["buckets"].as_array().expect("buckets");
        let failed: u64 = buckets.iter().filter_map(|bucket| bucket["failed"].as_u64()).sum();
        assert_eq!(failed, 2);

        let only = format!("/stats/subscriptions?bucket=1h&subscription_id={well}");
        let only = tenant.api.get(&only).await.expect(200);
        assert_eq!(only["data"].as_array().expect("rows").len(), 1);
        assert_eq!(other.list("/stats/subscriptions").await, [] as [Value; 0]);
        let all = app.operator.get("/stats/subscriptions?bucket=1h&limit=1").await.expect(200);
        assert_eq!(all["data"][0]["tenant_id"], tenant.id.as_str());
        tenant.api.get("/stats/subscriptions?limit=0").await.expect(422);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_in_which_something_waits_are_told_with_why() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let receiver = Receiver::answering([500]).await;
        let (tenant, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
        let paused = json!({"url": receiver.url("/"), "status": "paused"});
        let (paused, _) = tenant.subscribe(paused).await;
        let retry = json!({"schedule_s": [600], "jitter": 0});
        let (retrying, _) =
            tenant.subscribe(json!({"url": receiver.url("/"), "retry": retry})).await;
        for n in 0..3 {
            tenant.publish("order.paid", json!(n)).await;
        }
        receiver.wait_for(3).await;
        let told = eventually("three that wait to be tried again", async || {
            let told = tenant.api.get("/lanes").await.expect(200);
            let rows = told["data"].as_array()?.clone();
            let row = rows.iter().find(|row| row["subscription_id"] == retrying.as_str())?;
            (row["consecutive_failures"] == 3).then_some(told)
        })
        .await;
        assert_eq!((&told["queue"], &told["complete"]), (&Value::Null, &json!(true)));
        let rows = told["data"].as_array().expect("lanes");
        let seen: Vec<_> = rows
            .iter()
            .map(|row| {
                (row["subscription_id"].as_str(), row["state"].as_str(), row["waiting"].as_i64())
            })
            .collect();
        let expected = [
            (Some(paused.as_str()), Some("paused"), Some(3)),
            (Some(retrying.as_str()), Some("served"), Some(3)),
        ];
        assert_eq!(seen, expected);
        assert!(rows.iter().all(|row| row["due_at"].is_string()));
        assert_eq!(other.list("/lanes").await, [] as [Value; 0]);
        let all = app.operator.get("/lanes").await.expect(200);
        assert_eq!(all["data"].as_array().expect("lanes").len(), 2);
        assert_eq!(all["queue"]["paused"], 1, "{all}");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_grouped_and_a_group_is_listed_replayed_and_discarded_by_itself() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let receiver = Receiver::answering([500]).await;
        let (tenant, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
        let retry = json!({"schedule_s": [0.1], "jitter": 0});
        let (refusing, _) =
            tenant.subscribe(json!({"url": receiver.url("/"), "retry": retry})).await;
        // Nobody listens there any more.
        let closed = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
        let closed = format!("http://{}/", closed.expect("a free port"));
        let (absent, _) = tenant
            .subscribe(json!({"url": closed, "retry": retry, "event_types": ["order.gone"]}))
            .await;
        for name in ["order.paid", "order.gone"] {
            tenant.publish(name, json!(1)).await;
        }
        let groups = eventually("three dead letters", async || {
            let told = tenant.api.get("/dead-letters/groups").await.expect(200);
            let rows = told["data"].as_array()?.clone();
            let count: i64 = rows.iter().filter_map(|row| row["count"].as_i64()).sum();
            (count == 3).then_some(rows)
        })
        .await;
        let seen: Vec<_> = groups
            .iter()
            .map(|row| (row["subscription_id"].as_str(), row["count"].as_i64()))
            .collect();
        assert_eq!(seen, [(Some(refusing.as_str()), Some(2)), (Some(absent.as_str()), Some(1))]);
        assert_eq!(groups[0]["failure_reason"], "http_status");
        let reason = groups[1]["failure_reason"].as_str().expect("a reason").to_owned();
        assert_ne!(reason, "http_status");
        assert_eq!(other.list("/dead-letters/groups").await, [] as [Value; 0]);

        for route in ["/dead-letters", "/deliveries"] {
            let listed = tenant.list(&format!("{route}?failure_reason={reason}")).await;
            let of: Vec<_> = listed.iter().map(|row| row["subscription_id"].as_str()).collect();
            assert_eq!(of, [Some(absent.as_str())], "{route}");
        }
        tenant.api.get("/deliveries?failure_reason=bad_luck").await.expect(422);

        let counted = json!({"failure_reasons": [reason], "dry_run": true});
        let counted = tenant.api.post("/dead-letters/replay", counted).await.expect(200);
        assert_eq!(counted, json!({"matched": 1}));
        let window = json!({
            "from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z", "dry_run": true,
            "statuses": ["failed", "succeeded"], "failure_reasons": ["http_status"],
        });
        assert_eq!(tenant.api.post("/replays", window).await.expect(200), json!({"matched": 2}));
        let replay = json!({"failure_reasons": ["http_status"]});
        let replay = tenant.api.post("/dead-letters/replay", replay).await.expect(202);
        assert_eq!(
            (&replay["matched"], &replay["failure_reasons"]),
            (&json!(2), &json!(["http_status"]))
        );
        eventually("its end", async || {
            let path = format!("/replays/{}", replay["id"].as_str()?);
            let seen = tenant.api.get(&path).await.expect(200);
            (seen["status"] == "completed").then(|| assert_eq!(seen["failed"], 2))
        })
        .await;
        let discarded = json!({"failure_reasons": [reason]});
        let discarded = tenant.api.post("/dead-letters/discard", discarded).await.expect(200);
        assert_eq!(discarded, json!({"discarded": 1}));
        let left = tenant.list("/dead-letters/groups").await;
        assert!(left.iter().all(|row| row["failure_reason"] == "http_status"), "{left:?}");
        tenant
            .api
            .post("/dead-letters/discard", json!({"failure_reasons": ["luck"]}))
            .await
            .expect(422);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_a_text_in_their_data_or_metadata() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let (tenant, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
        let posted = json!({"type": "order.paid", "data": {"by": "Ärger & Söhne"}, "metadata": {"region": "north-7"}});
        let found = tenant.api.post("/events", posted).await.expect(202)["id"].clone();
        tenant.publish("order.paid", json!({"by": "somebody else"})).await;
        let of = async |query: &str| {
            let rows = tenant.list(&format!("/events?{query}")).await;
            rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(of("text=%C3%84rger%20%26").await, std::slice::from_ref(&found));
        assert_eq!(of("text=north-7&type=order.paid").await, std::slice::from_ref(&found));
        assert_eq!(of("text=NORTH-7").await, [] as [Value; 0]);
        assert_eq!(of("text=%25%25").await, [] as [Value; 0], "signs are no pattern");
        tenant.api.get("/events?text=x").await.expect(422);
        assert_eq!(other.list("/events?text=north-7").await, [] as [Value; 0]);
        let all = app.operator.get("/events?text=north-7").await.expect(200);
        assert_eq!(all["data"][0]["id"], found);
        app.stop().await;
    }
}
