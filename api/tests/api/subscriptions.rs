use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Receiver, Storage, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn only_a_url_is_needed_and_every_field_is_shown() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let mut made = tenant
            .api
            .post("/subscriptions", json!({"url": "https://example.com/hooks"}))
            .await
            .expect(201);
        let secret = made["secret"].take();
        assert!(secret.as_str().expect("a secret").starts_with("whsec_"));
        made.as_object_mut().expect("an object").remove("secret");
        for (field, default) in [
            ("url", json!("https://example.com/hooks")),
            ("external_id", Value::Null),
            ("description", json!("")),
            ("event_types", json!([])),
            ("filter", Value::Null),
            ("status", json!("active")),
            ("disabled_reason", Value::Null),
            ("kind", json!("webhook")),
            ("delivery", json!({"mode": "single"})),
            ("ordered", json!(false)),
            ("headers", json!({})),
            ("rate_limit", Value::Null),
            ("max_in_flight", json!(64)),
            ("timeout_ms", json!(15000)),
            ("retry", json!({"schedule_s": [5.0, 30.0, 120.0, 600.0, 3600.0], "jitter": 0.2})),
            ("signing", json!({"schemes": ["pt", "standard"], "algorithm": "hmac-sha256"})),
            ("format", json!("standard")),
            ("template", Value::Null),
            ("auto_replay", Value::Null),
            ("client_certificate", Value::Null),
            ("metadata", json!({})),
        ] {
            assert_eq!(made.get(field), Some(&default), "{field}");
        }
        let path = format!("/subscriptions/{}", made["id"].as_str().expect("an id"));
        assert_eq!(tenant.api.get(&path).await.expect(200), made);
        assert_eq!(
            tenant.api.get(&format!("{path}/secret")).await.expect(200),
            json!({"secret": secret})
        );
        tenant.api.delete(&path).await.expect(204);
        tenant.api.delete(&path).await.expect(404);
        tenant.api.get(&path).await.expect(404);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_may_bring_its_own_secret_and_external_id() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let body = json!({"url": "https://example.com/", "external_id": "crm:1", "secret": secret});
    assert_eq!(tenant.api.post("/subscriptions", body.clone()).await.expect(201)["secret"], secret);
    assert_eq!(tenant.api.get("/subscriptions/crm:1/secret").await.expect(200)["secret"], secret);
    assert_eq!(tenant.api.post("/subscriptions", body).await.expect(409)["code"], "conflict");
    // The name is free again once its owner is gone.
    tenant.api.delete("/subscriptions/crm:1").await.expect(204);
    tenant.subscribe(json!({"url": "https://example.com/", "external_id": "crm:1"})).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_subscriptions_are_refused_naming_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let many: serde_json::Map<String, Value> =
        (0..10_000).map(|n| (format!("x-{n}"), json!("v"))).collect();
    let url = "https://example.com/";
    for (body, pointer) in [
        (json!({}), "/url"),
        (json!({"url": "https://user:pw@example.com/"}), "/url"),
        (json!({"url": "ftp://example.com/"}), "/url"),
        (json!({"url": "https://10.0.0.1/"}), "/url"),
        (json!({"url": "https://example.com:25/"}), "/url"),
        (json!({"url": 1}), "/url"),
        (json!({"url": url, "headers": many}), "/headers"),
        (json!({"url": url, "headers": {"host": "x"}}), "/headers/host"),
        (json!({"url": url, "headers": {"x-a": 1}}), "/headers/x-a"),
        (json!({"url": url, "event_types": ["a..b"]}), "/event_types/0"),
        (json!({"url": url, "filter": "data.x ==="}), "/filter"),
        (json!({"url": url, "timeout_ms": 99}), "/timeout_ms"),
        (json!({"url": url, "timeout_ms": 1e300}), "/timeout_ms"),
        (json!({"url": url, "max_in_flight": 0}), "/max_in_flight"),
        (json!({"url": url, "retry": {"schedule_s": []}}), "/retry/schedule_s"),
        (json!({"url": url, "retry": {"schedule_s": [1, 0]}}), "/retry/schedule_s/1"),
        (json!({"url": url, "retry": {}}), "/retry/schedule_s"),
        (json!({"url": url, "rate_limit": {"per_second": 100_001}}), "/rate_limit/per_second"),
        (json!({"url": url, "secret": "whsec_short"}), "/secret"),
        (json!({"url": url, "secret": 5}), "/secret"),
        (json!({"url": url, "status": "lost"}), "/status"),
        (json!({"url": url, "external_id": "a/b"}), "/external_id"),
        (json!({"url": url, "description": "\u{0}"}), "/description"),
        (json!({"url": url, "filter": "type == '\u{0}'"}), "/filter"),
        (json!({"url": url, "uri": url}), "/uri"),
        (json!({"url": url, "id": "x"}), "/id"),
        (
            json!({"url": url, "delivery": {"mode": "batch", "max_events": 1, "max_wait_ms": 0}}),
            "/delivery/max_events",
        ),
    ] {
        let problem = tenant.api.post("/subscriptions", body.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let both =
        tenant.api.post("/subscriptions", json!({"url": "x", "secret": "y"})).await.expect(422);
    assert_eq!(both["errors"].as_array().map(Vec::len), Some(2), "{both}");
    assert_eq!(tenant.list("/subscriptions").await.len(), 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn header_values_are_hidden_unless_a_writer_asks_for_them() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let made = tenant
        .api
        .post(
            "/subscriptions",
            json!({"url": "https://example.com/", "headers": {"Authorization": "s3cret"}}),
        )
        .await;
    assert!(!made.text.contains("s3cret"));
    let path = format!("/subscriptions/{}", made.json()["id"].as_str().expect("an id"));
    assert_eq!(tenant.api.get(&path).await.expect(200)["headers"], json!({"Authorization": "***"}));
    assert_eq!(
        tenant.api.get(&format!("{path}?reveal=true")).await.expect(200)["headers"],
        json!({"Authorization": "s3cret"})
    );
    tenant.api.get(&format!("{path}?reveal=yes")).await.expect(422);
    let reader = app
        .operator
        .post(
            &format!("/tenants/{}/keys", tenant.id),
            json!({"name": "r", "scopes": ["subscriptions:read"]}),
        )
        .await;
    let reader = app.operator.with_key(reader.expect(201)["secret"].as_str().expect("a secret"));
    assert_eq!(reader.get(&path).await.expect(200)["headers"], json!({"Authorization": "***"}));
    reader.get(&format!("{path}?reveal=true")).await.expect(403);
    reader.get(&format!("{path}/secret")).await.expect(403);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_changes_what_it_names_and_null_restores_the_default() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let body = json!({
            "url": "https://example.com/", "description": "d", "event_types": ["a.*"], "filter": "data.x > 1",
            "headers": {"x-a": "1", "x-b": "2"}, "rate_limit": {"per_second": 5, "burst": 3}, "metadata": {"k": {"a": 1, "b": 2}},
        });
        let (id, _) = tenant.subscribe(body).await;
        let path = format!("/subscriptions/{id}");
        let patch = async |body: Value| tenant.api.patch(&path, body).await.expect(200);

        let changed =
            patch(json!({"headers": {"x-a": null, "x-c": "3"}, "metadata": {"k": {"b": null}}}))
                .await;
        assert_eq!(changed["headers"], json!({"x-b": "***", "x-c": "***"}));
        assert_eq!(changed["metadata"], json!({"k": {"a": 1}}));
        assert_eq!(changed["rate_limit"], json!({"per_second": 5.0, "burst": 3}));
        assert_eq!(changed["description"], "d");
        let revealed = tenant.api.get(&format!("{path}?reveal=true")).await.expect(200);
        assert_eq!(
            revealed["headers"],
            json!({"x-b": "2", "x-c": "3"}),
            "a patch keeps what it does not name"
        );

        // A part of the default retry policy can be changed by itself.
        let changed = patch(json!({"retry": {"jitter": 0}})).await;
        assert_eq!(
            changed["retry"],
            json!({"schedule_s": [5.0, 30.0, 120.0, 600.0, 3600.0], "jitter": 0.0})
        );
        let restored = patch(json!({"retry": null, "rate_limit": null, "filter": null, "event_types": null, "description": null})).await;
        assert_eq!(restored["retry"]["jitter"], 0.2);
        assert_eq!(
            (&restored["filter"], &restored["event_types"], &restored["description"]),
            (&Value::Null, &json!([]), &json!(""))
        );

        assert_eq!(patch(json!({"status": "disabled"})).await["disabled_reason"], "requested");
        let active = patch(json!({"status": "active"})).await;
        assert_eq!(
            (&active["status"], &active["disabled_reason"]),
            (&json!("active"), &Value::Null)
        );
        assert_eq!(patch(json!({})).await["url"], "https://example.com/");

        for (body, pointer) in [
            (json!({"id": id}), "/id"),
            (json!({"disabled_reason": null}), "/disabled_reason"),
            (json!({"secret": "x"}), "/secret"),
            (json!({"created_at": "2026-01-01T00:00:00Z"}), "/created_at"),
            (json!({"url": null}), "/url"),
            (json!({"timeout_ms": 1}), "/timeout_ms"),
        ] {
            let problem = tenant.api.patch(&path, body.clone()).await.expect(422);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body} {problem}");
        }
        for body in [json!([]), json!("x"), Value::Null] {
            tenant.api.patch(&path, body).await.expect(422);
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_patches_follow_each_other() {
    let app = TestApp::start_with(Storage::Postgres, &[]).await;
    let tenant = app.operator.new_tenant().await;
    let (id, _) = tenant.subscribe(json!({"url": "https://example.com/"})).await;
    let path = format!("/subscriptions/{id}");
    let patches = (0..20).map(|n| {
        let (api, path) = (tenant.api.clone(), path.clone());
        tokio::spawn(async move {
            api.patch(&path, json!({"metadata": {format!("k{n}"): n}})).await.expect(200)
        })
    });
    for patch in patches.collect::<Vec<_>>() {
        patch.await.expect("no panic");
    }
    let metadata = tenant.api.get(&path).await.expect(200)["metadata"].take();
    assert_eq!(metadata.as_object().map(serde_json::Map::len), Some(20), "{metadata}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_rotated() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (id, first) = tenant.subscribe(json!({"url": "https://example.com/"})).await;
    let path = format!("/subscriptions/{id}/secret");
    let rotated = tenant.api.call(Method::POST, &format!("{path}/rotate"), None).await.expect(200);
    assert_ne!(rotated["secret"], json!(first));
    assert_eq!(tenant.api.get(&path).await.expect(200), rotated);
    let own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let rotated = tenant
        .api
        .post(&format!("{path}/rotate"), json!({"secret": own, "overlap_s": 0}))
        .await
        .expect(200);
    assert_eq!(rotated, json!({"secret": own}));
    for (body, pointer) in [
        (json!({"overlap_s": 604_801}), "/overlap_s"),
        (json!({"overlap_s": -1}), "/overlap_s"),
        (json!({"secret": "x"}), "/secret"),
        (json!({"overlap": 1}), "/overlap"),
    ] {
        let problem = tenant.api.post(&format!("{path}/rotate"), body).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_answers_with_the_attempt() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([204]).await;
    let (id, secret) = tenant
        .subscribe(
            json!({"url": receiver.url("/"), "status": "paused", "headers": {"x-key": "s3cret"}}),
        )
        .await;
    let attempt = tenant
        .api
        .post(&format!("/subscriptions/{id}/test"), json!({"type": "my.test"}))
        .await
        .expect(200);
    assert_eq!(
        (&attempt["status_code"], &attempt["number"], &attempt["failure_reason"]),
        (&json!(204), &json!(1), &Value::Null)
    );
    let received = &receiver.received()[0];
    assert_eq!(received.header("x-key"), "s3cret");
    assert!(testkit::standard_signature_holds(&secret, received));
    // What is shown was derived, and is what was sent.
    let shown = attempt["request_headers"].as_object().expect("headers");
    assert_eq!(shown["x-key"], "***");
    for (name, value) in shown.iter().filter(|(name, _)| *name != "x-key") {
        assert_eq!(received.header(name), value.as_str().expect("a text"), "{name}");
    }
    tenant.api.post(&format!("/subscriptions/{id}/test"), json!({"type": "a b"})).await.expect(422);
    tenant.api.call(Method::POST, "/subscriptions/nobody/test", None).await.expect(404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_tried_on_one_event_or_on_the_last_ones() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    for n in 0..3 {
        tenant.publish("order.paid", json!({"n": n})).await;
    }
    let test = async |body: Value| tenant.api.post("/subscriptions/filter-test", body).await;
    let event = json!({"type": "order.paid", "data": {"n": 7}});
    assert_eq!(
        test(json!({"filter": "data.n > 5", "event": event})).await.expect(200),
        json!({"matches": true})
    );
    assert_eq!(
        test(json!({"filter": "data.n > 5", "event_types": ["user.*"], "event": event}))
            .await
            .expect(200)["matches"],
        false
    );
    let erring = test(json!({"filter": "data.missing.x", "event": event})).await.expect(200);
    assert_eq!(erring["matches"], false);
    assert!(erring["error"].is_string(), "{erring}");
    assert_eq!(
        test(json!({"filter": "data.n >= 1"})).await.expect(200),
        json!({"tested": 3, "matched": 2})
    );
    assert_eq!(
        test(json!({"filter": "data.n >"})).await.expect(422)["errors"][0]["pointer"],
        "/filter"
    );
    assert_eq!(
        test(json!({"filter": "true", "event": {"type": "x y", "data": 1}})).await.expect(422)["errors"]
            [0]["pointer"],
        "/event/type"
    );
    app.stop().await;
}
