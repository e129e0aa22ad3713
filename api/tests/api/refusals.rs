use serde_json::json;
use testkit::TestApp;

use super::raw::{OPERATOR_KEY, exchange, send};

const TENANTS: &str = "/api/v1/webhooks/tenants";

fn bearer() -> String {
    format!("Bearer {OPERATOR_KEY}")
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_rfc_9457_and_carry_the_requests_id() {
    let app = TestApp::start().await;
    let answer = send(&app, "GET", "/api/v1/webhooks/nothing", &[], b"").await;
    assert_eq!(answer.header("content-type").as_deref(), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["code"], "not_found");
    assert_eq!(problem["type"], format!("{}/docs/problems/not_found", app.base()));
    assert!(problem["title"].is_string() && problem["detail"].is_string());
    assert_eq!(problem["request_id"].as_str().map(str::to_owned), answer.header("x-request-id"));
    let other = send(&app, "GET", "/healthz", &[], b"").await;
    assert!(
        other.header("x-request-id").is_some_and(|id| Some(id) != answer.header("x-request-id"))
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_404_and_another_method_405() {
    let app = TestApp::start().await;
    for (method, path, status) in [
        ("GET", "/api/v1/webhooks", 404),
        ("GET", "/api/v1/webhooks/", 404),
        ("GET", "/api/v1/webhooks/tenants/", 404),
        ("GET", "/api/v2/webhooks/tenants", 404),
        ("GET", "/in/src_x", 404),
        ("POST", "/bin/bin_x", 404),
        ("POST", "/anything", 404),
        ("GET", "/anything", 200),
        ("GET", "/", 200),
        ("PUT", TENANTS, 405),
        ("DELETE", TENANTS, 405),
        ("POST", "/healthz", 405),
        ("HEAD", "/api/v1/webhooks/events", 405),
        ("OPTIONS", "/api/v1/webhooks/events", 405),
        ("PATCH", "/api/v1/webhooks/events/batch", 405),
    ] {
        let answer = send(&app, method, path, &[], b"").await;
        assert_eq!(answer.status, status, "{method} {path}");
        if status == 405 && method != "HEAD" {
            assert_eq!(answer.json()["code"], "method_not_allowed");
        }
    }
    let answer = send(&app, "PUT", TENANTS, &[], b"").await;
    assert_eq!(answer.header("allow").as_deref(), Some("POST, GET"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_json_in_utf_8_of_bounded_size() {
    let app = TestApp::start().await;
    let bearer = bearer();
    let auth = ("authorization", bearer.as_str());
    let json_type = ("content-type", "application/json");
    let good: &[u8] = br#"{"name":"a"}"#;
    let large = format!(r#"{{"name":"a","metadata":{{"k":"{}"}}}}"#, "x".repeat(300_000));
    let deep =
        format!(r#"{{"name":"a","metadata":{{"k":{}{}}}}}"#, "[".repeat(127), "]".repeat(127));
    for (headers, body, status) in [
        (vec![auth, json_type], good, 201),
        (vec![auth, ("content-type", "Application/JSON; charset=utf-8")], good, 201),
        (vec![auth], good, 415),
        (vec![auth, ("content-type", "text/plain")], good, 415),
        (vec![auth, ("content-type", "application/jsonx")], good, 415),
        (vec![auth, ("content-type", "application/x-www-form-urlencoded")], b"", 415),
        (vec![auth, json_type, ("content-encoding", "gzip")], good, 415),
        (vec![auth, json_type], b"", 400),
        (vec![auth], b"", 400),
        (vec![auth, json_type], b"{\"name\":\"\xff\"}", 400),
        (vec![auth, json_type], b"{\"name\":\"a\"}{}", 400),
        (vec![auth, json_type], b"{'name':'a'}", 400),
        (vec![auth, json_type], b"\xef\xbb\xbf{\"name\":\"a\"}", 400),
        (vec![auth, json_type], b"[]", 422),
        (vec![auth, json_type], b"{\"name\":\"\\ud800\"}", 422),
        (vec![auth, json_type], large.as_bytes(), 413),
        (vec![auth, json_type], deep.as_bytes(), 422),
    ] {
        let answer = send(&app, "POST", TENANTS, &headers, body).await;
        assert_eq!(
            answer.status,
            status,
            "{headers:?} {} {}",
            String::from_utf8_lossy(&body[..body.len().min(60)]),
            answer.body
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    let head = format!(
        "POST {TENANTS} HTTP/1.1\r\nhost: t\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n{{",
        bearer()
    );
    assert_eq!(exchange(&app, head.as_bytes()).await.status, 413);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_body_is_counted_as_it_comes() {
    let app = TestApp::start().await;
    let head = format!(
        "POST {TENANTS} HTTP/1.1\r\nhost: t\r\nauthorization: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n",
        bearer()
    );
    let small = format!("{head}c\r\n{{\"name\":\"a\"}}\r\n0\r\n\r\n");
    assert_eq!(exchange(&app, small.as_bytes()).await.status, 201);
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let large = format!("{head}{}0\r\n\r\n", chunk.repeat(5));
    assert_eq!(exchange(&app, large.as_bytes()).await.status, 413);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_requests_get_a_4xx_and_the_server_goes_on() {
    let app = TestApp::start().await;
    for bytes in [
        b"nonsense\r\n\r\n".as_slice(),
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n",
        b"GET /api/v1/webhooks/events HTTP/1.1\r\nhost: t\r\nconnection: close\r\nauthorization: Bearer \xff\xfe\r\n\r\n",
        b"GET /api/v1/webhooks/events HTTP/1.1\r\nhost: t\r\nconnection: close\r\nposthaste-tenant: \xff\r\nauthorization: Bearer x\r\n\r\n",
        b"GET /api/v1/webhooks/subscriptions/%zz HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n",
        b"POST /api/v1/webhooks/events HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: x\r\n\r\n",
    ] {
        let answer = exchange(&app, bytes).await;
        assert!((400..500).contains(&answer.status), "{:?} {answer:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(send(&app, "GET", "/healthz", &[], b"").await.json(), json!({"status": "ok"}));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_says_how_it_is() {
    let app = TestApp::start().await;
    assert_eq!(send(&app, "GET", "/healthz", &[], b"").await.json(), json!({"status": "ok"}));
    let ready = json!({"status": "ready", "database": "ok", "queue": "ok"});
    assert_eq!(send(&app, "GET", "/readyz", &[], b"").await.json(), ready);
    let metrics = send(&app, "GET", "/metrics", &[], b"").await;
    assert!(metrics.body.contains("\nposthaste_queue_up 1\n"), "{}", metrics.body);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_values_is_no_object_and_an_object_no_word() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let subscription = json!({"url": "https://example.com/"});
    let (id, _) = tenant.subscribe(subscription.clone()).await;
    let event = json!(["a.b", 1, null, null, null, null, null, null]);
    let rotate = format!("/subscriptions/{id}/secret/rotate");
    for (path, body) in [
        ("/events", event.clone()),
        ("/events/batch", json!([[event]])),
        (rotate.as_str(), json!([null, 0])),
        ("/subscriptions/filter-test", json!(["true", null, null])),
    ] {
        let problem = tenant.api.post(path, body).await.expect(422);
        assert_eq!(problem["errors"][0]["detail"], "must be a JSON object", "{path}");
    }
    let results = tenant.api.post("/events/batch", json!({"events": [event]})).await.expect(202);
    assert_eq!(results["data"][0]["status"], 422);
    for (name, value) in [
        ("rate_limit", json!([5, 5])),
        ("retry", json!([[1], 0.5])),
        ("signing", json!([["pt"], "hmac-sha256"])),
        ("status", json!({"paused": null})),
    ] {
        let mut with = subscription.clone();
        with[name] = value.clone();
        let problem = tenant.api.post("/subscriptions", with).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], format!("/{name}"));
        tenant.api.patch(&format!("/subscriptions/{id}"), json!({name: value})).await.expect(422);
    }
    let egress = json!({"name": "a", "egress": [["10.0.0.0/8"], []]});
    app.operator.post("/tenants", egress).await.expect(422);
    let key = json!({"name": "a", "scopes": [{"*": null}]});
    app.operator.post(&format!("/tenants/{}/keys", tenant.id), key).await.expect(422);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_named_once_at_most() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (authorization, id) = (bearer(), tenant.id.as_str());
    let headers = [
        ("authorization", authorization.as_str()),
        ("posthaste-tenant", id),
        ("posthaste-tenant", "nobody"),
    ];
    assert_eq!(send(&app, "GET", "/api/v1/webhooks/events", &headers, b"").await.status, 422);
    assert_eq!(send(&app, "GET", "/api/v1/webhooks/events", &headers[..2], b"").await.status, 200);
    app.stop().await;
}
