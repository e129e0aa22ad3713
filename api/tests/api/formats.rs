//! CloudEvents, templates, and examples of the catalogue, as they go over the wire.

use serde_json::{Value, json};
use testkit::{
    Receiver, Storage, Tenant, TestApp, eventually, pt_signature_holds, standard_signature_holds,
};

const BOTH: [Storage; 2] = [Storage::Sqlite, Storage::Postgres];

/// The attempts of the tenant's newest delivery, once there is one.
async fn attempts(tenant: &Tenant) -> Vec<Value> {
    eventually("an attempt", async || {
        let deliveries = tenant.list("/deliveries").await;
        let id = deliveries.first()?["id"].as_str()?.to_owned();
        let attempts = tenant.list(&format!("/deliveries/{id}/attempts")).await;
        (!attempts.is_empty()).then_some(attempts)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_delivered_as_a_cloudevent_in_either_mode() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([200]).await;
        let wanted = json!({"url": receiver.url("/"), "format": "cloudevents"});
        let (subscription, secret) = tenant.subscribe(wanted).await;
        let posted = json!({
            "type": "order.paid", "data": {"n": 1}, "timestamp": "2026-01-21T12:00:00Z",
            "version": "2", "metadata": {"k": "é"},
        });
        let event = tenant.api.post("/events", posted.clone()).await.expect(202);
        let id = event["id"].as_str().expect("an id");
        let request = receiver.wait_for(1).await.remove(0);
        assert_eq!(request.header("content-type"), "application/cloudevents+json; charset=utf-8");
        assert_eq!(request.header("webhook-id"), id);
        assert!(
            pt_signature_holds(&secret, &request) && standard_signature_holds(&secret, &request)
        );
        let expected = json!({
            "specversion": "1.0", "id": id, "source": format!("/tenants/{}", tenant.id),
            "type": "order.paid", "time": "2026-01-21T12:00:00Z", "dataversion": "2",
            "metadata": "{\"k\": \"é\"}".replace(": ", ":"),
            "datacontenttype": "application/json", "data": {"n": 1},
        });
        assert_eq!(request.json(), expected);

        let path = format!("/subscriptions/{subscription}");
        let binary = json!({"format": "cloudevents-binary"});
        tenant.api.patch(&path, binary).await.expect(200);
        let event = tenant.api.post("/events", posted).await.expect(202);
        let request = receiver.wait_for(2).await.remove(1);
        assert_eq!(request.body, br#"{"n":1}"#);
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.header("ce-id"), event["id"].as_str().expect("an id"));
        assert_eq!(request.header("ce-metadata"), "{%22k%22:%22%C3%A9%22}");
        assert_eq!(request.header("ce-dataversion"), "2");
        assert!(
            pt_signature_holds(&secret, &request) && standard_signature_holds(&secret, &request)
        );

        // What is shown of the attempt is what was sent.
        let shown = attempts(&tenant).await.remove(0);
        for name in ["ce-id", "ce-metadata", "content-type", "x-pt-signature", "webhook-signature"]
        {
            assert_eq!(shown["request_headers"][name], request.header(name), "{name}");
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_makes_the_body_and_the_signature_is_that_of_the_body() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([500, 200]).await;
        let template = r#"{"what": {{ event.type|tojson }}, "total": {{ data.total }}}"#;
        let wanted = json!({
            "url": receiver.url("/"), "template": template,
            "retry": {"schedule_s": [0.1], "jitter": 0},
        });
        let (subscription, secret) = tenant.subscribe(wanted).await;
        let shown = tenant.api.get(&format!("/subscriptions/{subscription}")).await.expect(200);
        assert_eq!(shown["template"], template);
        tenant.publish("order.paid", json!({"total": 12.5})).await;
        let requests = receiver.wait_for(2).await;
        for request in &requests {
            assert_eq!(request.body, br#"{"what": "order.paid", "total": 12.5}"#);
            assert_eq!(request.header("content-type"), "application/json");
            assert!(pt_signature_holds(&secret, request));
            assert!(standard_signature_holds(&secret, request));
        }
        let attempts = eventually("both attempts", async || {
            let attempts = attempts(&tenant).await;
            (attempts.len() == 2).then_some(attempts)
        })
        .await;
        for (attempt, request) in attempts.iter().zip(&requests) {
            let shown = &attempt["request_headers"]["x-pt-signature"];
            assert_eq!(shown, request.header("x-pt-signature"));
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_fails_on_an_event_fails_the_attempt_and_says_why() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([200]).await;
    let wanted = json!({
        "url": receiver.url("/"), "template": "{\n\"total\": {{ data.total }}}",
        "retry": {"schedule_s": [0.1], "jitter": 0},
    });
    let (subscription, _) = tenant.subscribe(wanted).await;
    tenant.publish("order.paid", json!({"sum": 1})).await;
    let dead =
        eventually("a dead letter", async || tenant.list("/dead-letters").await.first().cloned())
            .await;
    assert_eq!(dead["failure_reason"], "protocol");
    let error = dead["last_error"].as_str().expect("an error");
    assert!(error.starts_with("not sent: the template failed in line 2"), "{error}");
    assert_eq!(receiver.count(), 0);
    let attempts = attempts(&tenant).await;
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["request_headers"], json!({}), "none were sent");

    // Mended, what failed is sent by replay.
    let path = format!("/subscriptions/{subscription}");
    tenant.api.patch(&path, json!({"template": "{{ data|tojson }}"})).await.expect(200);
    let id = dead["id"].as_str().expect("an id");
    tenant.api.post(&format!("/dead-letters/{id}/replay"), json!({})).await.expect(202);
    assert_eq!(receiver.wait_for(1).await[0].body, br#"{"sum":1}"#);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_templates_and_forms_that_exclude_each_other_are_refused() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let url = "https://example.com/";
    for (body, pointer, word) in [
        (json!({"url": url, "template": "{% if %}"}), "/template", "line 1"),
        (json!({"url": url, "template": "\n{{ data|tojso }}"}), "/template", "line 2"),
        (json!({"url": url, "template": "x".repeat(16 * 1024 + 1)}), "/template", "16384 bytes"),
        (json!({"url": url, "template": 1}), "/template", "string"),
        (json!({"url": url, "format": "xml"}), "/format", "cloudevents-binary"),
        (json!({"url": url, "format": "cloudevents", "template": "1"}), "/template", "standard"),
        (json!({"url": url, "kind": "slack", "format": "cloudevents"}), "/format", "webhook"),
    ] {
        let refused = tenant.api.post("/subscriptions", body.clone()).await.expect(422);
        let errors = refused["errors"].as_array().expect("errors");
        let found = errors.iter().find(|error| error["pointer"] == pointer);
        let detail = found.and_then(|error| error["detail"].as_str()).unwrap_or_default();
        assert!(detail.contains(word), "{body}: {refused}");
    }
    assert_eq!(tenant.list("/subscriptions").await.len(), 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_sends_the_catalogues_example() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = Receiver::answering([200]).await;
        let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
        let entry = json!({
            "name": "order.paid",
            "description": "An order was paid.\n\nOnce <only>.",
            "versions": [
                {"version": "1", "example": {"old": true}},
                {
                    "version": "2", "example": {"total": 1},
                    "schema": {
                        "type": "object", "required": ["total"],
                        "properties": {"total": {"type": "integer", "description": "In <cents>"}},
                    },
                },
                {"version": "3"},
            ],
        });
        tenant.api.post("/event-types", entry).await.expect(201);
        let path = format!("/subscriptions/{subscription}/test");
        tenant.api.post(&path, json!({"type": "order.paid"})).await.expect(200);
        let sent = receiver.wait_for(1).await[0].json();
        assert_eq!((&sent["data"], &sent["version"]), (&json!({"total": 1}), &json!("2")));
        tenant.api.post(&path, json!({"type": "order.lost"})).await.expect(200);
        let sent = receiver.wait_for(2).await[1].json();
        assert!(sent["data"]["message"].is_string() && sent.get("version").is_none(), "{sent}");

        let of_type = "/event-types/order.paid";
        let example = tenant.api.get(&format!("{of_type}/example")).await.expect(200);
        let expected = json!({"type": "order.paid", "version": "2", "data": {"total": 1}});
        assert_eq!(example, expected);
        tenant.api.post("/events", example).await.expect(202);
        let first = tenant.api.get(&format!("{of_type}/example?version=1")).await.expect(200);
        assert_eq!(first["data"], json!({"old": true}));
        tenant.api.get(&format!("{of_type}/example?version=3")).await.expect(404);
        tenant.api.get("/event-types/order.lost/example").await.expect(404);

        let page = tenant.api.get(&format!("{of_type}/page")).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let policy = page.headers["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        for text in ["Once &lt;only&gt;.", "In &lt;cents&gt;", "Version 3", "&quot;old&quot;"] {
            assert!(page.text.contains(text), "{text}: {}", page.text);
        }
        app.stop().await;
    }
}
