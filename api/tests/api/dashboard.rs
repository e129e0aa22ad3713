//! What is served for paths that no route claims. The dashboard may or may not be built into these tests.

use serde_json::json;
use testkit::TestApp;

use super::raw::send;

#[tokio::test(flavor = "multi_thread")]
async fn every_path_that_no_route_claims_is_a_page_under_a_strict_policy() {
    let app = TestApp::start().await;
    for path in
        ["/", "/deliveries", "/subscriptions/sub_1?tenant=ten_1", "/portal", "/portal/events"]
    {
        let page = send(&app, "GET", path, &[], b"").await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").expect("a policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe-eval"), "{policy}");
        assert_eq!(page.header("referrer-policy").as_deref(), Some("no-referrer"));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_have_lost_their_way_get_a_problem() {
    let app = TestApp::start().await;
    for (method, path) in [
        ("GET", "/api/v1/webhooks/nothing"),
        ("GET", "/in"),
        ("GET", "/bin/x/y"),
        ("GET", "/assets/gone.js"),
        ("POST", "/deliveries"),
    ] {
        let answer = send(&app, method, path, &[], b"").await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.header("content-type").as_deref(), Some("application/problem+json"));
        assert_eq!(answer.json()["code"], "not_found");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_by_a_portal_link_is_told_how_the_portal_looks() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let path = format!("/tenants/{}/portal-links", tenant.id);
    let made = app.operator.post(&path, json!({"permissions": "read"})).await.expect(201);
    let token = made["url"].as_str().and_then(|url| url.split('#').nth(1)).expect("a token");
    let session = app.operator.with_key(token).get("/session").await.expect(200);
    assert_eq!(session["actor"], "portal_link");
    assert_eq!(session["tenant_id"], tenant.id.as_str());
    assert_eq!(session["portal"], json!({"name": null, "primary_color": null, "logo_url": null}));
    assert_eq!(tenant.api.get("/session").await.expect(200)["portal"], json!(null));
    app.stop().await;
}
