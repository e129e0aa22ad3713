use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Receiver, Tenant, TestApp, eventually};

async fn finished(tenant: &Tenant, path: &str, status: &str) -> Value {
    eventually(&format!("{path} is {status}"), async || {
        let delivery = tenant.api.get(path).await.expect(200);
        (delivery["status"] == status).then_some(delivery)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_delivery_is_a_dead_letter_until_its_replay_succeeds() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([500, 500, 200]).await;
    let retry = json!({"schedule_s": [0.1], "jitter": 0});
    let body = json!({"url": receiver.url("/"), "retry": retry, "headers": {"x-key": "s3cret"}});
    let (subscription, secret) = tenant.subscribe(body).await;
    let event = tenant.publish("a.b", json!({"x": 1})).await;
    let id = tenant.list(&format!("/deliveries?event_id={event}")).await[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/deliveries/{id}");

    let failed = finished(&tenant, &path, "failed").await;
    for (field, value) in [
        ("event_id", json!(event)),
        ("event_type", json!("a.b")),
        ("subscription_id", json!(subscription)),
        ("trigger", json!("event")),
        ("attempt_count", json!(2)),
        ("max_attempts", json!(2)),
        ("next_attempt_at", Value::Null),
        ("last_status_code", json!(500)),
        ("failure_reason", json!("http_status")),
        ("replay_id", Value::Null),
    ] {
        assert_eq!(failed[field], value, "{field}");
    }
    let attempts = tenant.list(&format!("{path}/attempts")).await;
    assert_eq!(
        attempts.iter().map(|attempt| attempt["number"].as_i64()).collect::<Vec<_>>(),
        [Some(1), Some(2)]
    );
    for (attempt, received) in attempts.iter().zip(receiver.received()) {
        assert!(testkit::pt_signature_holds(&secret, &received));
        let shown = attempt["request_headers"].as_object().expect("headers");
        assert_eq!(shown["x-key"], "***");
        for (name, value) in shown.iter().filter(|(name, _)| *name != "x-key") {
            assert_eq!(received.header(name), value.as_str().expect("a text"), "{name}");
        }
        assert_eq!(
            (&attempt["status_code"], &attempt["url"]),
            (&json!(500), &json!(receiver.url("/")))
        );
        assert!(attempt["id"].as_str().is_some_and(|id| id.starts_with("att_")));
    }

    let letters = tenant.list("/dead-letters").await;
    assert_eq!((&letters[0]["id"], &letters[0]["resolved_at"]), (&json!(id), &Value::Null));
    let again = tenant
        .api
        .call(Method::POST, &format!("/dead-letters/{id}/replay"), None)
        .await
        .expect(202);
    assert_eq!(again["trigger"], "redelivery");
    finished(
        &tenant,
        &format!("/deliveries/{}", again["id"].as_str().expect("an id")),
        "succeeded",
    )
    .await;
    assert_eq!(tenant.list("/dead-letters").await.len(), 0);
    let resolved = tenant.list("/dead-letters?resolved=true").await;
    assert_eq!(resolved[0]["resolution"], "replayed");
    assert_eq!(
        tenant.list(&format!("/deliveries?event_id={event}")).await.len(),
        2,
        "both are history"
    );
    tenant.api.delete(&format!("/dead-letters/{id}")).await.expect(404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_discarded_once() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([410]).await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    tenant.publish("a", json!(1)).await;
    let letter =
        eventually("a dead letter", async || tenant.list("/dead-letters").await.into_iter().next())
            .await;
    assert_eq!(letter["failure_reason"], "gone");
    let id = letter["id"].as_str().expect("an id");
    // The subscription is disabled now.
    tenant.api.call(Method::POST, &format!("/deliveries/{id}/redeliver"), None).await.expect(409);
    tenant.api.delete(&format!("/dead-letters/{id}")).await.expect(204);
    tenant.api.delete(&format!("/dead-letters/{id}")).await.expect(404);
    assert_eq!(tenant.list("/dead-letters?resolved=true").await[0]["resolution"], "discarded");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_can_be_cancelled_and_what_is_final_cannot() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": "https://example.com/", "status": "paused"})).await;
    tenant.publish("a", json!(1)).await;
    let waiting = tenant.list("/deliveries?status=pending").await;
    let path = format!("/deliveries/{}", waiting[0]["id"].as_str().expect("an id"));
    let redeliver = format!("{path}/redeliver");
    assert_eq!(
        tenant.api.call(Method::POST, &redeliver, None).await.expect(409)["code"],
        "conflict"
    );
    let cancelled =
        tenant.api.call(Method::POST, &format!("{path}/cancel"), None).await.expect(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["next_attempt_at"]),
        (&json!("cancelled"), &Value::Null)
    );
    assert!(cancelled["completed_at"].is_string());
    tenant.api.call(Method::POST, &format!("{path}/cancel"), None).await.expect(409);
    let again = tenant.api.post(&redeliver, json!({})).await.expect(202);
    assert_eq!(
        (&again["status"], &again["trigger"]),
        (&json!("pending"), &json!("redelivery")),
        "it waits while paused"
    );
    tenant.api.post(&redeliver, json!({"now": true})).await.expect(422);
    app.stop().await;
}
