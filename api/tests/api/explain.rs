use serde_json::{Value, json};
use testkit::{Receiver, Storage, Tenant, TestApp, eventually};

async fn explained(tenant: &Tenant, event: &str) -> Vec<Value> {
    let answer = tenant.api.get(&format!("/events/{event}/explain")).await.expect(200);
    assert_eq!(answer["event_id"], event);
    answer["data"].as_array().expect("a list").clone()
}

fn at<'a>(rows: &'a [Value], subscription: &str) -> &'a Value {
    rows.iter().find(|row| row["subscription_id"] == subscription).expect("it is told of")
}

fn told<'a>(rows: &'a [Value], subscription: &str) -> (&'a Value, &'a Value) {
    let row = at(rows, subscription);
    (&row["outcome"], &row["reason"])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_subscription_says_why_it_got_the_event_or_did_not() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let good = Receiver::answering([200]).await;
        let bad = Receiver::answering([500]).await;
        let subscribe = async |more: Value| {
            let mut body = json!({"url": good.url("/")});
            body.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
            tenant.subscribe(body).await.0
        };
        let delivered = subscribe(json!({"filter": "data.amount > 3"})).await;
        let other_type = subscribe(json!({"event_types": ["user.*"]})).await;
        let filtered = subscribe(json!({"filter": "data.amount > 30"})).await;
        let erring = subscribe(json!({"filter": "data.missing > 30"})).await;
        let disabled = subscribe(json!({"status": "disabled"})).await;
        let paused = subscribe(json!({"status": "paused"})).await;
        let deleted = subscribe(json!({})).await;
        tenant.api.delete(&format!("/subscriptions/{deleted}")).await.expect(204);
        let retry = json!({"url": bad.url("/"), "retry": {"schedule_s": [0.1], "jitter": 0}});
        let failed = subscribe(retry).await;
        let ordered =
            json!({"url": bad.url("/o"), "ordered": true, "retry": {"schedule_s": [3600]}});
        let ordered = subscribe(ordered).await;
        let head = tenant.publish("order.paid", json!({"amount": 5})).await;
        let event = tenant.publish("order.paid", json!({"amount": 5})).await;
        app.clock.advance(std::time::Duration::from_millis(5));
        let later = subscribe(json!({})).await;
        let rows = eventually("all that is to happen", async || {
            let rows = explained(&tenant, &event).await;
            let is_there = |id: &str, outcome: &str| at(&rows, id)["outcome"] == outcome;
            (is_there(&delivered, "delivered") && is_there(&failed, "failed")).then_some(rows)
        })
        .await;
        assert_eq!(rows.len(), 10);
        assert_eq!(told(&rows, &delivered), (&json!("delivered"), &Value::Null));
        assert_eq!(at(&rows, &delivered)["filter_value"], true);
        assert_eq!(told(&rows, &other_type), (&json!("skipped"), &json!("event_type")));
        assert_eq!(at(&rows, &other_type)["state"]["event_types"], json!(["user.*"]));
        assert_eq!(told(&rows, &filtered), (&json!("skipped"), &json!("filter")));
        assert_eq!(at(&rows, &filtered)["filter_value"], false);
        assert_eq!(told(&rows, &erring), (&json!("skipped"), &json!("filter")));
        assert!(
            at(&rows, &erring)["filter_error"].as_str().is_some_and(|why| why.contains("missing"))
        );
        assert_eq!(told(&rows, &disabled), (&json!("skipped"), &json!("disabled")));
        assert_eq!(told(&rows, &paused), (&json!("held"), &json!("paused")));
        assert_eq!(told(&rows, &deleted), (&json!("skipped"), &json!("deleted")));
        assert_eq!(told(&rows, &failed), (&json!("failed"), &Value::Null));
        assert_eq!(told(&rows, &ordered), (&json!("held"), &json!("behind_ordered_head")));
        assert_eq!(told(&rows, &later), (&json!("skipped"), &json!("created_later")));
        let of_head = explained(&tenant, &head).await;
        assert_eq!(told(&of_head, &ordered).0, "pending");

        // What is changed later changes nothing of how it was, but what is known of its deliveries.
        let patch = json!({"event_types": ["**"], "filter": null});
        tenant.api.patch(&format!("/subscriptions/{other_type}"), patch).await.expect(200);
        let again = explained(&tenant, &event).await;
        assert_eq!(told(&again, &other_type), (&json!("skipped"), &json!("event_type")));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_holds() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([500]).await;
    let (id, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let mut events = Vec::new();
    for number in 0..25 {
        events.push(tenant.publish("order.paid", json!(number)).await);
    }
    eventually("an open circuit", async || {
        let rows = explained(&tenant, &events[24]).await;
        (told(&rows, &id) == (&json!("held"), &json!("circuit_open"))).then_some(())
    })
    .await;
    tenant.api.get("/events/evt_nothing/explain").await.expect(404);
    app.stop().await;
}
