use api::routes::{self, Access};
use reqwest::Method;
use serde_json::json;
use testkit::{TestApp, eventually};

use super::raw::{OPERATOR_KEY, send};

/// A path with something in the place of its parts.
fn filled(path: &str) -> String {
    path.replace("{id}", "sub_01h455vb4pex5vsknk084sn02q")
        .replace("{key}", "key_01h455vb4pex5vsknk084sn02q")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_but_the_public_ones_wants_a_key() {
    let app = TestApp::start().await;
    let unknown = format!("Bearer pht_{}", "A".repeat(43));
    for (path, method, access) in routes::list() {
        for headers in [
            vec![],
            vec![("authorization", "Bearer nonsense")],
            vec![("authorization", unknown.as_str())],
        ] {
            let answer = send(&app, method.as_str(), &filled(&path), &headers, b"").await;
            if access == Access::Public {
                assert_eq!(answer.status, 200, "{method} {path}");
            } else {
                assert_eq!(answer.status, 401, "{method} {path} {headers:?}");
                assert_eq!(answer.header("www-authenticate").as_deref(), Some("Bearer"));
                assert_eq!(answer.json()["code"], "unauthenticated");
            }
        }
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_wants_its_scope_and_no_other_will_do() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let all = [
        "events:write",
        "events:read",
        "subscriptions:read",
        "subscriptions:write",
        "deliveries:read",
        "deliveries:write",
        "sources:read",
        "sources:write",
        "schedules:read",
        "schedules:write",
    ];
    for (path, method, access) in routes::list() {
        let needed = match access {
            Access::Public => continue,
            Access::Operator => None,
            Access::Tenant(scope) | Access::List(scope) => Some(scope.as_str()),
        };
        let others: Vec<&str> = all.into_iter().filter(|scope| Some(*scope) != needed).collect();
        let body = json!({"name": "others", "scopes": others});
        let key =
            app.operator.post(&format!("/tenants/{}/keys", tenant.id), body).await.expect(201);
        let bearer = format!("Bearer {}", key["secret"].as_str().expect("a secret"));
        let answer =
            send(&app, method.as_str(), &filled(&path), &[("authorization", &bearer)], b"").await;
        assert_eq!(answer.status, 403, "{method} {path}");
        let code = if needed.is_some() { "missing_scope" } else { "operator_only" };
        assert_eq!(answer.json()["code"], code, "{method} {path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_things_are_not_found() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
    let (subscription, _) = owner
        .subscribe(
            json!({"url": "https://example.invalid/", "external_id": "mine", "status": "paused"}),
        )
        .await;
    let event = owner.publish("a.b", json!(1)).await;
    let delivery = owner.list("/deliveries").await[0]["id"].as_str().expect("an id").to_owned();
    for (method, path) in [
        (Method::GET, format!("/subscriptions/{subscription}")),
        (Method::GET, "/subscriptions/mine".to_owned()),
        (Method::DELETE, format!("/subscriptions/{subscription}")),
        (Method::GET, format!("/subscriptions/{subscription}/secret")),
        (Method::POST, format!("/subscriptions/{subscription}/secret/rotate")),
        (Method::POST, format!("/subscriptions/{subscription}/test")),
        (Method::GET, format!("/events/{event}")),
        (Method::GET, format!("/deliveries/{delivery}")),
        (Method::GET, format!("/deliveries/{delivery}/attempts")),
        (Method::POST, format!("/deliveries/{delivery}/redeliver")),
        (Method::POST, format!("/deliveries/{delivery}/cancel")),
        (Method::DELETE, format!("/dead-letters/{delivery}")),
        (Method::POST, format!("/dead-letters/{delivery}/replay")),
    ] {
        let problem = stranger.api.call(method.clone(), &path, None).await.expect(404);
        assert_eq!(problem["code"], "not_found", "{method} {path}");
    }
    stranger
        .api
        .patch(&format!("/subscriptions/{subscription}"), json!({"status": "active"}))
        .await
        .expect(404);
    for list in [
        "/subscriptions",
        "/events",
        "/deliveries",
        "/dead-letters",
        "/subscriptions?external_id=mine",
    ] {
        assert_eq!(stranger.list(list).await, Vec::<serde_json::Value>::new(), "{list}");
    }
    assert_eq!(
        stranger
            .list(&format!("/deliveries?subscription_id={subscription}&event_id={event}"))
            .await
            .len(),
        0
    );
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
