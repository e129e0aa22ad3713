//! Subscriptions of kind `slack`.

use serde_json::{Value, json};
use testkit::{Answer, Receiver, Storage, TestApp, eventually};

const BOTH: [Storage; 2] = [Storage::Sqlite, Storage::Postgres];

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_posted_and_its_url_is_shown_to_nobody() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let slack = Receiver::answering([200]).await;
        let url = slack.url("/services/T0/B0/credential");
        let made = tenant.api.post("/subscriptions", json!({"url": url, "kind": "slack"})).await;
        let made = made.expect(201);
        assert_eq!(made["url"], "***");
        assert_eq!(made["rate_limit"], json!({"per_second": 1.0, "burst": 1}));
        let path = format!("/subscriptions/{}", made["id"].as_str().expect("an id"));

        tenant.publish("order.paid", json!({"total": "<1>"})).await;
        let request = slack.wait_for(1).await.remove(0);
        assert_eq!(request.path, "/services/T0/B0/credential");
        let text = "*order.paid*\n```\n{\n  \"total\": \"&lt;1&gt;\"\n}\n```";
        assert_eq!(request.json(), json!({"text": text}));
        assert_eq!(request.header("content-type"), "application/json");
        let ours = |(name, _): &&(String, String)| {
            name.starts_with("webhook-") || name.starts_with("x-pt-")
        };
        assert_eq!(request.headers.iter().find(ours), None, "Slack reads none of them");

        // What was read can be sent back, and a changed template is used at once.
        let template = "{\"blocks\": [{{ data.total|tojson }}]}";
        let patch = json!({"url": "***", "template": template});
        let patched = tenant.api.patch(&path, patch).await.expect(200);
        assert_eq!(patched["url"], "***");
        tenant.publish("order.paid", json!({"total": 2})).await;
        let request = slack.wait_for(2).await.remove(1);
        assert_eq!(request.json(), json!({"blocks": [2]}));
        assert_eq!(request.path, "/services/T0/B0/credential");

        let delivery = eventually("the second delivery", async || {
            let deliveries = tenant.list("/deliveries?status=succeeded").await;
            (deliveries.len() == 2).then(|| deliveries[0].clone())
        })
        .await;
        let id = delivery["id"].as_str().expect("an id");
        let attempts = tenant.list(&format!("/deliveries/{id}/attempts")).await;
        assert_eq!(attempts[0]["url"], "***");
        let names: Vec<&String> =
            attempts[0]["request_headers"].as_object().expect("headers").keys().collect();
        assert_eq!(names, ["content-type", "user-agent"]);

        for path in ["/subscriptions", "/audit-log", "/deliveries", &path] {
            let shown = tenant.api.get(path).await;
            assert!(!shown.text.contains("credential"), "{path}: {}", shown.text);
        }
        let revealed = tenant.api.get(&format!("{path}?reveal=true")).await.expect(200);
        assert_eq!(revealed["url"], json!(url));

        // Another url, and another kind, are changes like any other.
        let other = slack.url("/services/other");
        tenant.api.patch(&path, json!({"url": other})).await.expect(200);
        let revealed = tenant.api.get(&format!("{path}?reveal=true")).await.expect(200);
        assert_eq!(revealed["url"], json!(other));
        // The credential would be shown then.
        for patch in [json!({"kind": "webhook"}), json!({"kind": null, "url": "***"})] {
            tenant.api.patch(&path, patch).await.expect(422);
        }
        let patch = json!({"kind": "webhook", "url": other});
        let plain = tenant.api.patch(&path, patch).await.expect(200);
        assert_eq!(plain["url"], json!(other));
        tenant.api.patch(&path, json!({"url": "***"})).await.expect(422);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_slack_answers_is_understood() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let slack = Receiver::new(|number, _| {
        let mut answer = match number {
            0 => Answer::status(403),
            _ => Answer::status(404),
        };
        answer.body = if number == 0 { b"action_prohibited".into() } else { b"no_service".into() };
        answer
    })
    .await;
    let wanted = json!({
        "url": slack.url("/services/x"), "kind": "slack",
        "rate_limit": {"per_second": 100, "burst": 10},
        "retry": {"schedule_s": [0.1], "jitter": 0},
    });
    let (subscription, _) = tenant.subscribe(wanted).await;
    tenant.publish("order.paid", json!(1)).await;
    let dead: Value =
        eventually("a dead letter", async || tenant.list("/dead-letters").await.first().cloned())
            .await;
    assert_eq!(dead["failure_reason"], "gone");
    assert_eq!(dead["last_status_code"], 404);
    let error = dead["last_error"].as_str().expect("an error");
    assert!(error.starts_with("Slack: no_service: the webhook was revoked"), "{error}");
    let id = dead["id"].as_str().expect("an id");
    let attempts = tenant.list(&format!("/deliveries/{id}/attempts")).await;
    assert_eq!(attempts[0]["failure_reason"], "http_status");
    let error = attempts[0]["error"].as_str().expect("an error");
    assert!(error.starts_with("Slack: action_prohibited: "), "{error}");
    let shown = tenant.api.get(&format!("/subscriptions/{subscription}")).await.expect(200);
    assert_eq!((&shown["status"], &shown["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    app.stop().await;
}
