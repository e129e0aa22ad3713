use serde_json::json;
use testkit::{Storage, TestApp};

async fn both() -> [TestApp; 2] {
    [TestApp::start().await, TestApp::start_with(Storage::Postgres, &[]).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_made_shown_changed_and_deleted() {
    for app in both().await {
        let op = &app.operator;
        let made = op.post("/tenants", json!({"name": "Acme", "external_id": "acme:1", "metadata": {"plan": "a\u{1F600}\u{1}b"}})).await.expect(201);
        let id = made["id"].as_str().expect("an id").to_owned();
        assert!(id.starts_with("ten_"));
        assert_eq!(made["status"], "active");
        assert_eq!(made["egress"], json!({"allow": [], "deny": []}));
        for name in [id.as_str(), "acme:1"] {
            assert_eq!(op.get(&format!("/tenants/{name}")).await.expect(200), made);
        }
        op.post("/tenants", json!({"name": "B", "external_id": "acme:1"})).await.expect(409);

        let limited = op
            .patch("/tenants/acme:1", json!({"rate_limit": {"per_second": 50}, "name": "Acme 2"}))
            .await
            .expect(200);
        assert_eq!(limited["rate_limit"], json!({"per_second": 50.0, "burst": 5}));
        assert_eq!(limited["name"], "Acme 2");
        assert_eq!(limited["metadata"], made["metadata"]);
        let freed = op
            .patch(&format!("/tenants/{id}"), json!({"rate_limit": null, "external_id": null}))
            .await
            .expect(200);
        assert_eq!((&freed["rate_limit"], &freed["external_id"]), (&json!(null), &json!(null)));
        op.get("/tenants/acme:1").await.expect(404);

        op.delete(&format!("/tenants/{id}")).await.expect(204);
        op.delete(&format!("/tenants/{id}")).await.expect(404);
        op.get(&format!("/tenants/{id}")).await.expect(404);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tenant_is_gone_for_its_own_key_at_once() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    tenant.api.get("/events").await.expect(200);
    app.operator.delete(&format!("/tenants/{}", tenant.id)).await.expect(204);
    tenant.api.get("/events").await.expect(401);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tenants_are_refused_naming_the_field() {
    let app = TestApp::start().await;
    for (body, pointer) in [
        (json!({}), "/name"),
        (json!({"name": ""}), "/name"),
        (json!({"name": "x".repeat(256)}), "/name"),
        (json!({"name": "a\u{0}"}), "/name"),
        (json!({"name": 5}), "/name"),
        (json!({"name": "a", "external_id": "a b"}), "/external_id"),
        (json!({"name": "a", "rate_limit": {"per_second": 0}}), "/rate_limit/per_second"),
        (json!({"name": "a", "rate_limit": {"per_second": 1, "burst": 0}}), "/rate_limit/burst"),
        (json!({"name": "a", "egress": {"allow": ["10.0.0.0/33"]}}), "/egress/allow/0"),
        (json!({"name": "a", "egress": {"open": []}}), "/egress/open"),
        (json!({"name": "a", "metadata": []}), "/metadata"),
        (json!({"name": "a", "metadata": {"x": ["\u{0}"]}}), "/metadata/x/0"),
        (json!({"name": "a", "status": "gone"}), "/status"),
        (json!({"name": "a", "i/d~": 1}), "/i~1d~0"),
    ] {
        let problem = app.operator.post("/tenants", body.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body} {problem}");
        assert_eq!(problem["code"], "invalid");
    }
    let made = app.operator.post("/tenants", json!({"name": "a"})).await.expect(201);
    let path = format!("/tenants/{}", made["id"].as_str().expect("an id"));
    for body in
        [json!({"id": "x"}), json!({"created_at": null}), json!({"rate_limit": {"per": null}})]
    {
        app.operator.patch(&path, body).await.expect(422);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_dies_when_it_is_revoked() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let path = format!("/tenants/{}/keys", tenant.id);
    let body = json!({"name": "k", "scopes": ["events:read"], "expires_at": "2999-01-01T00:00:00Z", "source_cidrs": ["127.0.0.0/8"]});
    let made = app.operator.post(&path, body).await.expect(201);
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert!(
        secret.starts_with("pht_")
            && secret.starts_with(made["prefix"].as_str().expect("a prefix"))
    );
    let listed = app.operator.get(&path).await;
    assert!(!listed.text.contains(&secret), "the secret is shown once");
    assert_eq!(listed.json()["data"][0]["id"], made["id"]);

    let key = app.operator.with_key(&secret);
    key.get("/events").await.expect(200);
    let deleted = format!("{path}/{}", made["id"].as_str().expect("an id"));
    app.operator.delete(&deleted).await.expect(204);
    app.operator.delete(&deleted).await.expect(404);
    assert_eq!(key.get("/events").await.expect(401)["code"], "unauthenticated");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_refused_naming_the_field() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let path = format!("/tenants/{}/keys", tenant.id);
    for (body, pointer) in [
        (json!({"scopes": ["*"]}), "/name"),
        (json!({"scopes": ["*"], "name": "a\u{0}"}), "/name"),
        (json!({"name": "k"}), "/scopes"),
        (json!({"name": "k", "scopes": []}), "/scopes"),
        (json!({"name": "k", "scopes": ["events"]}), "/scopes/0"),
        (json!({"name": "k", "scopes": ["*", "*"]}), "/scopes/1"),
        (
            json!({"name": "k", "scopes": ["*"], "expires_at": "2001-01-01T00:00:00Z"}),
            "/expires_at",
        ),
        (json!({"name": "k", "scopes": ["*"], "expires_at": "soon"}), "/expires_at"),
        (json!({"name": "k", "scopes": ["*"], "source_cidrs": ["10.0.0.1"]}), "/source_cidrs/0"),
        (json!({"name": "k", "scopes": ["*"], "source_cidrs": []}), "/source_cidrs"),
    ] {
        let problem = app.operator.post(&path, body.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body} {problem}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_posts_as_many_events_as_it_may() {
    let app = TestApp::start().await;
    let (limited, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
    let path = format!("/tenants/{}", limited.id);
    let limit = json!({"ingest_rate_limit": {"per_second": 0.1, "burst": 3}});
    let shown = app.operator.patch(&path, limit).await.expect(200);
    assert_eq!(shown["ingest_rate_limit"], json!({"per_second": 0.1, "burst": 3}));

    let event = json!({"type": "a", "data": 1});
    let first = limited.api.post("/events", event.clone()).await;
    first.expect(202);
    assert_eq!(first.headers["ratelimit-policy"], "\"events\";q=3;w=30");
    assert_eq!(first.headers["ratelimit"], "\"events\";r=2;t=10");
    let pair = json!({"events": [event, event]});
    limited.api.post("/events/batch", pair.clone()).await.expect(202);
    for (path, body) in [("/events", event.clone()), ("/events/batch", pair)] {
        let refused = limited.api.post(path, body).await;
        assert_eq!(refused.expect(429)["code"], "rate_limited", "{path}");
        let retry_after = refused.headers["retry-after"].to_str().expect("a text");
        assert!((1..=20).contains(&retry_after.parse().expect("seconds")), "{retry_after}");
        assert_eq!(refused.headers["ratelimit"], "\"events\";r=0;t=30", "{path}");
    }
    let never = json!({"events": vec![event.clone(); 4]});
    let refused = limited.api.post("/events/batch", never).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/events");
    assert_eq!(limited.list("/events").await.len(), 3);

    let unlimited = other.api.post("/events", event.clone()).await;
    unlimited.expect(202);
    assert!(!unlimited.headers.contains_key("ratelimit"));
    app.operator.patch(&path, json!({"ingest_rate_limit": null})).await.expect(200);
    limited.api.post("/events", event).await.expect(202);
    app.stop().await;
}
