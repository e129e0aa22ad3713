use api::routes::{self, Access};
use engine::operator_key;
use reqwest::Method;
use serde_json::json;
use testkit::{Client, TestApp, eventually};

use super::raw::{OPERATOR_KEY, send};

#[tokio::test(flavor = "multi_thread")]
async fn public_routes_answer_without_a_key() {
    let app = TestApp::start().await;
    let public = routes::list().into_iter().filter(|(_, _, access)| *access == Access::Public);
    for (path, method, _) in public {
        for headers in [vec![], vec![("authorization", "Bearer nonsense")]] {
            let answer = send(&app, method.as_str(), &path, &headers, b"").await;
            // What a path names is not there.
            let status = if path.contains('{') { 404 } else { 200 };
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_names_the_tenant_and_lists_all() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (id, _) = tenant.subscribe(json!({"url": "https://example.invalid/"})).await;
    app.operator
        .patch(&format!("/tenants/{}", tenant.id), json!({"external_id": "acme"}))
        .await
        .expect(200);
    let call = async |path: &str, name: &str| {
        let headers = [("posthaste-tenant", name)];
        app.operator.try_call(Method::GET, path, None, &headers).await.expect("an answer")
    };
    for name in [tenant.id.as_str(), "acme"] {
        let row = call(&format!("/subscriptions/{id}"), name).await.expect(200);
        assert!(row.get("tenant_id").is_none());
        assert_eq!(
            call("/subscriptions", name).await.expect(200)["data"].as_array().map(Vec::len),
            Some(1)
        );
    }
    for name in ["nobody", "ten_01h455vb4pex5vsknk084sn02q", "a b", ""] {
        assert_eq!(call("/subscriptions", name).await.status, 404, "{name:?}");
    }
    let all = app.operator.get("/subscriptions").await.expect(200);
    assert_eq!(all["data"][0]["tenant_id"], json!(tenant.id));
    let problem = app.operator.get(&format!("/subscriptions/{id}")).await.expect(422);
    assert_eq!(problem["code"], "tenant_required");
    assert_eq!(
        app.operator.post("/events", json!({"type": "a", "data": 1})).await.expect(422)["code"],
        "tenant_required"
    );

    // A tenant's key may name its own tenant only.
    let other = app.operator.new_tenant().await;
    for (name, status) in
        [(tenant.id.as_str(), 200), ("acme", 200), (other.id.as_str(), 403), ("nobody", 403)]
    {
        let reply = tenant
            .api
            .try_call(Method::GET, "/events", None, &[("posthaste-tenant", name)])
            .await
            .expect("an answer");
        assert_eq!(reply.status, status, "{name}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenants_keys_are_forbidden_until_it_is_active_again() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    tenant.api.get("/events").await.expect(200);
    let path = format!("/tenants/{}", tenant.id);
    app.operator.patch(&path, json!({"status": "suspended"})).await.expect(200);
    assert_eq!(tenant.api.get("/events").await.expect(403)["code"], "tenant_suspended");
    app.operator.patch(&path, json!({"status": null})).await.expect(200);
    tenant.api.get("/events").await.expect(200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_from_its_networks_until_it_expires_and_notes_its_last_use() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let path = format!("/tenants/{}/keys", tenant.id);
    let make = async |body| {
        app.operator.with_key(
            app.operator.post(&path, body).await.expect(201)["secret"].as_str().expect("a secret"),
        )
    };
    let elsewhere =
        make(json!({"name": "e", "scopes": ["*"], "source_cidrs": ["203.0.113.0/24"]})).await;
    assert_eq!(elsewhere.get("/events").await.expect(403)["code"], "address_not_allowed");
    let at = (app.clock.now() + std::time::Duration::from_secs(3600)).to_string();
    let short = make(json!({"name": "s", "scopes": ["*"], "expires_at": at})).await;
    short.get("/events").await.expect(200);
    app.clock.advance(std::time::Duration::from_secs(3600));
    short.get("/events").await.expect(401);
    eventually("the last use is noted", async || {
        let keys = app.operator.get(&path).await.expect(200);
        keys["data"]
            .as_array()?
            .iter()
            .any(|key| key["name"] == "s" && !key["last_used_at"].is_null())
            .then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_key_is_replaced_with_an_overlap_and_one_after_the_other() {
    let app = TestApp::start().await;
    let hour = std::time::Duration::from_secs(3600);
    let rotate = async |api: &Client, body: serde_json::Value| {
        let made = api.post("/operator-key/rotate", body).await.expect(200);
        api.with_key(made["secret"].as_str().expect("a key"))
    };
    let second = rotate(&app.operator, json!({"overlap_s": 3600})).await;
    for key in [&app.operator, &second] {
        key.get("/tenants").await.expect(200);
    }
    app.clock.advance(hour);
    app.operator.get("/tenants").await.expect(401);
    // What was kept is what counts, also after a start.
    let kept = operator_key::kept(&app.engine.database.read).await.expect("readable");
    assert_eq!(kept.map(|keys| keys.also.len()), Some(1));

    let third = rotate(&second, json!({"overlap_s": 0})).await;
    second.get("/tenants").await.expect(401);
    third.get("/tenants").await.expect(200);
    let noted = third.get("/audit-log?action=operator_key.rotated").await.expect(200);
    assert_eq!(noted["data"].as_array().map(Vec::len), Some(2), "{noted}");
    // Whoever rotates again shuts nobody out: each of them has its own time.
    let mut keys = vec![third.clone()];
    for _ in 0..9 {
        keys.push(rotate(&keys[keys.len() - 1], json!({"overlap_s": 3600})).await);
    }
    for key in &keys {
        key.get("/tenants").await.expect(200);
    }
    let last = keys.pop().expect("ten");
    rotate(&last, json!({"overlap_s": 3600})).await.get("/tenants").await.expect(200);
    last.post("/operator-key/rotate", json!({})).await.expect(409);
    app.clock.advance(hour);
    third.get("/tenants").await.expect(401);
    last.get("/tenants").await.expect(401);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_the_operator_key_is_done_once_for_each_idempotency_key() {
    let app = TestApp::start().await;
    let third = app.operator.clone();

    let once = async |body: &str| {
        let headers = [("idempotency-key", "once")];
        let body = Some(body.to_owned());
        third
            .try_call(Method::POST, "/operator-key/rotate", body, &headers)
            .await
            .expect("an answer")
    };
    let fourth = once("{}").await.expect(200);
    assert_eq!(once("{}").await.expect(200), fourth);
    third.with_key(fourth["secret"].as_str().expect("a key")).get("/tenants").await.expect(200);
    let problem =
        third.post("/operator-key/rotate", json!({"overlap_s": 604_801})).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/overlap_s");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_comes_before_a_bad_body_and_a_missing_scope_before_a_missing_thing() {
    let app = TestApp::start().await;
    let answer = send(
        &app,
        "POST",
        "/api/v1/webhooks/tenants",
        &[("content-type", "text/plain")],
        b"nonsense",
    )
    .await;
    assert_eq!(answer.status, 401);
    let bearer = format!("Bearer {OPERATOR_KEY}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    assert_eq!(
        send(&app, "POST", "/api/v1/webhooks/tenants", &headers, b"nonsense").await.status,
        415
    );
    app.stop().await;
}
