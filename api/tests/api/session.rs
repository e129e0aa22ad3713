//! Sign-in to the dashboard.

use serde_json::{Value, json};
use testkit::{Storage, TestApp};

use super::raw::{OPERATOR_KEY, Raw, send};

const BOTH: [Storage; 2] = [Storage::Sqlite, Storage::Postgres];
const SESSION: &str = "/api/v1/webhooks/session";

/// A session as a browser and the page in it have it.
struct Page {
    cookie: String,
    csrf: String,
    said: Value,
}

async fn sign_in(app: &TestApp, key: &str) -> Raw {
    let body = json!({"key": key}).to_string();
    send(app, "POST", SESSION, &[("content-type", "application/json")], body.as_bytes()).await
}

impl Page {
    async fn open(app: &TestApp, key: &str) -> Self {
        let answer = sign_in(app, key).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
            assert!(cookie.split("; ").any(|one| one == part), "{cookie}");
        }
        let cookie = cookie.split(';').next().expect("its value").to_owned();
        let said = answer.json();
        let csrf = said["csrf_token"].as_str().expect("a token").to_owned();
        Self { cookie, csrf, said }
    }

    async fn call(&self, app: &TestApp, method: &str, route: &str, body: &Value) -> Raw {
        self.call_with(app, method, route, body, &self.csrf).await
    }

    async fn call_with(
        &self,
        app: &TestApp,
        method: &str,
        route: &str,
        body: &Value,
        csrf: &str,
    ) -> Raw {
        let path = format!("/api/v1/webhooks{route}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("posthaste-csrf", csrf),
            ("content-type", "application/json"),
        ];
        send(app, method, &path, &headers, body.as_bytes()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_may_do_what_its_key_may_until_it_is_ended() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let operator = Page::open(&app, OPERATOR_KEY).await;
        assert_eq!(operator.said["actor"], "operator");
        assert_eq!(operator.said["tenant_id"], Value::Null);
        let made = operator.call(&app, "POST", "/tenants", &json!({"name": "a"})).await;
        assert_eq!(made.status, 201, "{made:?}");
        let tenant = made.json()["id"].as_str().expect("an id").to_owned();
        let key = json!({"name": "reader", "scopes": ["events:read"]});
        let key =
            operator.call(&app, "POST", &format!("/tenants/{tenant}/keys"), &key).await.json();

        let reader = Page::open(&app, key["secret"].as_str().expect("a secret")).await;
        assert_eq!(reader.said["actor"], "key");
        assert_eq!(reader.said["tenant_id"], tenant.as_str());
        assert_eq!(reader.said["scopes"], json!(["events:read"]));
        assert_eq!(reader.call(&app, "GET", "/session", &Value::Null).await.json(), reader.said);
        assert_eq!(reader.call(&app, "GET", "/events", &Value::Null).await.status, 200);
        assert_eq!(reader.call(&app, "GET", "/subscriptions", &Value::Null).await.status, 403);
        assert_eq!(reader.call(&app, "GET", "/tenants", &Value::Null).await.status, 403);

        // What ends the key ends its sessions.
        let id = key["id"].as_str().expect("an id");
        let revoked = format!("/tenants/{tenant}/keys/{id}");
        assert_eq!(operator.call(&app, "DELETE", &revoked, &Value::Null).await.status, 204);
        assert_eq!(reader.call(&app, "GET", "/events", &Value::Null).await.status, 401);

        let out = operator.call(&app, "DELETE", "/session", &Value::Null).await;
        assert_eq!(out.status, 204);
        assert!(out.header("set-cookie").expect("a cookie").contains("Max-Age=0"));
        assert_eq!(operator.call(&app, "GET", "/session", &Value::Null).await.status, 401);
        assert_eq!(operator.call(&app, "DELETE", "/session", &Value::Null).await.status, 401);

        let log = app.operator.get("/audit-log?action=session.opened&limit=250").await.expect(200);
        let opened = log["data"].as_array().expect("entries");
        let actors: Vec<&Value> = opened.iter().map(|entry| &entry["actor"]["type"]).collect();
        assert_eq!(actors, [&json!("key"), &json!("operator")]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_has_to_show_the_sessions_token() {
    let app = TestApp::start().await;
    let [one, other] = [Page::open(&app, OPERATOR_KEY).await, Page::open(&app, OPERATOR_KEY).await];
    let body = json!({"name": "a"});
    for csrf in ["", "x", other.csrf.as_str()] {
        let refused = one.call_with(&app, "POST", "/tenants", &body, csrf).await;
        assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("csrf_token_missing")));
        let refused = one.call_with(&app, "DELETE", "/session", &Value::Null, csrf).await;
        assert_eq!(refused.status, 403);
    }
    // Reading needs none, and a key none either, whatever cookie comes with it.
    assert_eq!(one.call_with(&app, "GET", "/tenants", &Value::Null, "").await.status, 200);
    let bearer = format!("Bearer {OPERATOR_KEY}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("cookie", one.cookie.as_str()),
        ("content-type", "application/json"),
    ];
    let tenants = "/api/v1/webhooks/tenants";
    let text = body.to_string();
    assert_eq!(send(&app, "POST", tenants, &headers, text.as_bytes()).await.status, 201);
    // With a wrong key the cookie does not help.
    let headers = [("authorization", "Bearer wrong"), ("cookie", one.cookie.as_str())];
    let refused = send(&app, "GET", tenants, &headers, b"").await;
    assert_eq!(refused.status, 401);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_locked_out_and_who_is_signed_in_is_not() {
    let app = TestApp::start().await;
    let page = Page::open(&app, OPERATOR_KEY).await;
    for _ in 0..10 {
        assert_eq!(sign_in(&app, "a-guess-of-twenty-characters").await.status, 401);
    }
    let refused = sign_in(&app, OPERATOR_KEY).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    let wait: u32 = refused.header("retry-after").expect("when").parse().expect("seconds");
    assert!((1..=901).contains(&wait), "{wait}");
    assert_eq!(page.call(&app, "GET", "/tenants", &Value::Null).await.status, 200);
    app.operator.get("/tenants").await.expect(200);
    app.stop().await;
}
