use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Client, Storage, Tenant, TestApp};

/// A new link's answer, and a caller with its token.
async fn link(app: &TestApp, tenant: &Tenant, wanted: Value) -> (Value, Client) {
    let path = format!("/tenants/{}/portal-links", tenant.id);
    let made = app.operator.post(&path, wanted).await.expect(201);
    let (address, token) = made["url"].as_str().and_then(|url| url.split_once('#')).expect("a url");
    assert_eq!(address, format!("{}/portal", app.base()));
    let api = app.operator.with_key(token);
    (made, api)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_its_tenants_credential_with_its_permissions() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let (id, _) = tenant.subscribe(json!({"url": "https://example.invalid/"})).await;
        let (made, read) = link(&app, &tenant, json!({"permissions": "read"})).await;
        assert_eq!(made["permissions"], "read");
        let listed = read.get("/subscriptions").await.expect(200);
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
        let secret = format!("/subscriptions/{id}/secret");
        for refused in [
            read.get(&secret).await,
            read.post("/events", json!({"type": "a.b", "data": 1})).await,
            read.delete(&format!("/subscriptions/{id}")).await,
        ] {
            assert_eq!(refused.expect(403)["code"], "missing_scope");
        }
        assert_eq!(read.get("/tenants").await.expect(403)["code"], "operator_only");

        let wanted = json!({"permissions": "write", "expires_in_s": 86_400});
        let (made, write) = link(&app, &tenant, wanted).await;
        write.post("/events", json!({"type": "a.b", "data": 1})).await.expect(202);
        write.get(&secret).await.expect(200);
        let by = made["id"].as_str().expect("an id");
        let noted = tenant.list(&format!("/audit-log?actor={by}")).await;
        assert_eq!(noted.len(), 1, "{noted:?}");
        assert_eq!(noted[0]["action"], "subscription.secret_read");
        assert_eq!(noted[0]["actor"], json!({"type": "portal_link", "id": by}));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_when_it_expires_is_revoked_or_its_tenant_goes() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let path = format!("/tenants/{}/portal-links", tenant.id);
    let live = async || app.operator.get(&path).await.expect(200)["data"].as_array().map(Vec::len);

    let (_, short) = link(&app, &tenant, json!({"permissions": "read", "expires_in_s": 60})).await;
    let (long, longer) = link(&app, &tenant, json!({"permissions": "read"})).await;
    short.get("/events").await.expect(200);
    assert_eq!(live().await, Some(2));
    app.clock.advance(Duration::from_secs(60));
    short.get("/events").await.expect(401);
    longer.get("/events").await.expect(200);
    assert_eq!(live().await, Some(1));
    let at = |field: &str| {
        let text = long[field].as_str().expect("an instant");
        text.parse::<domain::time::Timestamp>().expect("an instant")
    };
    assert_eq!(at("expires_at"), at("created_at") + Duration::from_secs(3600));

    let link_path = format!("{path}/{}", long["id"].as_str().expect("an id"));
    let stranger = app.operator.new_tenant().await;
    let foreign = link_path.replace(&tenant.id, &stranger.id);
    app.operator.delete(&foreign).await.expect(404);
    app.operator.delete(&link_path).await.expect(204);
    longer.get("/events").await.expect(401);
    app.operator.delete(&link_path).await.expect(404);
    assert_eq!(live().await, Some(0));
    let actions = tenant.list("/audit-log?action=portal_link.revoked,portal_link.created").await;
    assert_eq!(actions.len(), 3, "{actions:?}");

    let (_, last) = link(&app, &tenant, json!({"permissions": "read"})).await;
    let of_tenant = format!("/tenants/{}", tenant.id);
    app.operator.patch(&of_tenant, json!({"status": "suspended"})).await.expect(200);
    assert_eq!(last.get("/events").await.expect(403)["code"], "tenant_suspended");
    app.operator.delete(&of_tenant).await.expect(204);
    last.get("/events").await.expect(401);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_asks_for_too_much_is_refused_with_the_place() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let path = format!("/tenants/{}/portal-links", tenant.id);
    for (wanted, pointer) in [
        (json!({"permissions": "read", "expires_in_s": 86_401}), "/expires_in_s"),
        (json!({"permissions": "read", "expires_in_s": 0}), "/expires_in_s"),
        (json!({"permissions": "admin"}), "/permissions"),
        (json!({}), "/permissions"),
        (json!({"permissions": "read", "scopes": ["*"]}), "/scopes"),
    ] {
        let problem = app.operator.post(&path, wanted.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{wanted}: {problem}");
    }
    app.operator
        .post("/tenants/nobody/portal-links", json!({"permissions": "read"}))
        .await
        .expect(404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_shown_once_and_again_to_the_same_idempotency_key_alone() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let path = format!("/tenants/{}/portal-links", tenant.id);
    let once = async |body: &str| {
        let headers = [("idempotency-key", "once")];
        let body = Some(body.to_owned());
        app.operator
            .try_call(reqwest::Method::POST, &path, body, &headers)
            .await
            .expect("an answer")
    };
    let first = once(r#"{"permissions": "read"}"#).await.expect(201);
    assert_eq!(once(r#"{"permissions": "read"}"#).await.expect(201), first);
    once(r#"{"permissions": "write"}"#).await.expect(409);
    let listed = app.operator.get(&path).await.expect(200);
    assert!(listed["data"][0].get("url").is_none(), "{listed}");
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    app.operator.delete(&format!("/tenants/{}", tenant.id)).await.expect(204);
    once(r#"{"permissions": "read"}"#).await.expect(404);
    app.stop().await;
}
