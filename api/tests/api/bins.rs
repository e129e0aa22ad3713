//! Request bins, deliveries to them, and sandbox tenants.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Storage, Tenant, TestApp, eventually};

use super::raw::send;

const BOTH: [Storage; 2] = [Storage::Sqlite, Storage::Postgres];

async fn new_bin(tenant: &Tenant, body: Value) -> (String, String) {
    let made = tenant.api.post("/bins", body).await.expect(201);
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (text("id"), text("url"))
}

async fn recorded(tenant: &Tenant, bin: &str, count: usize) -> Vec<Value> {
    eventually("the bin's requests", async || {
        let rows = tenant.list(&format!("/bins/{bin}/requests")).await;
        (rows.len() >= count).then_some(rows)
    })
    .await
}

fn header(request: &Value, name: &str) -> Option<String> {
    let headers = request["headers"].as_array().expect("headers");
    let found = headers.iter().find(|pair| pair[0] == name)?;
    found[1].as_str().map(str::to_owned)
}

fn path_of(app: &TestApp, url: &str) -> String {
    url.strip_prefix(app.base()).expect("below the public url").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bin_records_whatever_is_sent_and_answers_as_it_is_told() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let wanted = json!({"name": "tries", "response": {"status": 418}});
        let (bin, url) = new_bin(&tenant, wanted).await;
        let path = path_of(&app, &url);
        let sent = [("authorization", "Bearer hidden"), ("cookie", "a=hidden"), ("x-a", "1")];
        let answer = send(&app, "PURGE", &format!("{path}?q=1"), &sent, b"\xff\x00!").await;
        assert_eq!((answer.status, answer.body.as_str()), (418, "{}"));
        let rows = recorded(&tenant, &bin, 1).await;
        let request = &rows[0];
        assert_eq!(request["method"], "PURGE");
        assert_eq!(request["url"], json!(format!("{path}?q=1")));
        assert_eq!(request["body"], "\u{fffd}\0!");
        assert_eq!(request["body_base64"], "/wAh");
        assert_eq!((&request["truncated"], &request["verification"]), (&json!(false), &json!([])));
        assert_eq!(request["remote_ip"], "127.0.0.1");
        assert_eq!(header(request, "x-a").as_deref(), Some("1"));
        assert_eq!(header(request, "authorization").as_deref(), Some("***"));
        assert!(!request.to_string().contains("hidden"), "{request}");

        let answer = send(&app, "GET", &path, &[], b"").await;
        assert_eq!(answer.status, 418);
        let rows = recorded(&tenant, &bin, 2).await;
        assert_eq!((&rows[0]["method"], &rows[1]["method"]), (&json!("GET"), &json!("PURGE")));
        assert_eq!((&rows[0]["body"], &rows[0]["body_base64"]), (&json!(""), &Value::Null));
        let first = tenant.api.get(&format!("/bins/{bin}/requests?limit=1")).await.expect(200);
        let cursor = first["next_cursor"].as_str().expect("there is another");
        let next = format!("/bins/{bin}/requests?limit=1&cursor={cursor}");
        assert_eq!(tenant.list(&next).await, rows[1..]);

        let large = vec![b'a'; 256 * 1024 + 1];
        assert_eq!(send(&app, "POST", &path, &[], &large).await.status, 413);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bin_keeps_its_newest_requests() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let (bin, url) = new_bin(&tenant, json!({"name": "tries"})).await;
        let path = path_of(&app, &url);
        let mut sent = 0;
        while sent < 203 {
            // The bin refuses for a moment what comes too fast.
            let body = sent.to_string();
            match send(&app, "POST", &path, &[], body.as_bytes()).await.status {
                200 => sent += 1,
                status => assert_eq!(status, 429),
            }
        }
        let rows = tenant.list(&format!("/bins/{bin}/requests?limit=250")).await;
        let bodies: Vec<&str> = rows.iter().filter_map(|row| row["body"].as_str()).collect();
        assert_eq!(bodies.len(), 200);
        let lowest = bodies.iter().filter_map(|body| body.parse::<u32>().ok()).min();
        assert_eq!(lowest, Some(3));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_to_a_bin_is_handed_over_with_what_would_be_sent_and_verified() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let (bin, url) = new_bin(&tenant, json!({"name": "tries"})).await;
        let (subscription, _) =
            tenant.subscribe(json!({"url": url, "headers": {"x-own": "1"}})).await;
        let event = tenant.publish("a.b", json!({"amount": 1})).await;
        let rows = recorded(&tenant, &bin, 1).await;
        let request = &rows[0];
        assert_eq!(header(request, "webhook-id"), Some(event));
        assert_eq!(header(request, "x-own").as_deref(), Some("1"));
        assert_eq!((&request["method"], &request["remote_ip"]), (&json!("POST"), &Value::Null));
        let holds = |scheme: &str| json!({"scheme": scheme, "valid": true, "reason": null});
        assert_eq!(request["verification"], json!([holds("standard"), holds("pt")]));
        let delivery = header(request, "x-pt-delivery").expect("it names itself");
        let attempts = format!("/deliveries/{delivery}/attempts");
        let attempt = eventually("the attempt", async || tenant.list(&attempts).await.pop()).await;
        assert_eq!(
            (&attempt["status_code"], &attempt["response_body"]),
            (&json!(200), &json!("{}"))
        );
        assert_eq!(attempt["remote_ip"], Value::Null);

        // The signature of a rotated secret held when it came.
        let rotate = format!("/subscriptions/{subscription}/secret/rotate");
        tenant.api.post(&rotate, json!({"overlap_s": 0})).await.expect(200);
        let again = recorded(&tenant, &bin, 1).await;
        assert_eq!(again[0]["verification"], request["verification"]);

        // What a stranger sends in its name does not hold.
        let path = path_of(&app, &url);
        let forged =
            [("x-pt-delivery", delivery.as_str()), ("x-pt-signature", "t=1700000000,v1=00")];
        send(&app, "POST", &path, &forged, b"{}").await;
        let rows = recorded(&tenant, &bin, 2).await;
        let stale = json!([{"scheme": "pt", "valid": false, "reason": "stale"}]);
        assert_eq!(rows[0]["verification"], stale);

        let test = format!("/subscriptions/{subscription}/test");
        let attempt = tenant.api.post(&test, json!({})).await.expect(200);
        assert_eq!(attempt["status_code"], 200);
        let rows = recorded(&tenant, &bin, 3).await;
        assert_eq!(header(&rows[0], "x-pt-trigger").as_deref(), Some("test"));
        assert_eq!(rows[0]["verification"], request["verification"]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bins_status_and_delay_are_the_deliverys_outcome() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (_, failing) =
        new_bin(&tenant, json!({"name": "failing", "response": {"status": 503}})).await;
    let (_, slow) = new_bin(&tenant, json!({"name": "slow", "response": {"delay_ms": 5000}})).await;
    let retry = json!({"schedule_s": [0.1], "jitter": 0});
    for (url, code, reason) in
        [(failing, json!(503), "http_status"), (slow, Value::Null, "timeout")]
    {
        let body = json!({"url": url, "retry": retry, "timeout_ms": 100});
        let (subscription, _) = tenant.subscribe(body).await;
        tenant.publish("a.b", json!(1)).await;
        let dead = format!("/dead-letters?subscription_id={subscription}");
        let row = eventually("a dead letter", async || tenant.list(&dead).await.pop()).await;
        assert_eq!((&row["last_status_code"], &row["failure_reason"]), (&code, &json!(reason)));
        assert_eq!(row["attempt_count"], 2);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_tenants_own_bin_can_be_subscribed_and_is_handed_anything() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let [tenant, other] = [app.operator.new_tenant().await, app.operator.new_tenant().await];
        let (foreign, foreign_url) = new_bin(&other, json!({"name": "other"})).await;
        let (bin, url) = new_bin(&tenant, json!({"name": "own"})).await;
        for url in [&foreign_url, &format!("{url}x"), &url.replace(&bin, "")] {
            let refused = tenant.api.post("/subscriptions", json!({"url": url})).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "/url", "{refused}");
        }
        tenant.api.get(&format!("/bins/{foreign}/requests")).await.expect(404);
        tenant.api.delete(&format!("/bins/{foreign}")).await.expect(404);

        let body = json!({"url": url, "retry": {"schedule_s": [0.1], "jitter": 0}});
        let (subscription, _) = tenant.subscribe(body).await;
        tenant.api.delete(&format!("/bins/{bin}")).await.expect(204);
        tenant.api.delete(&format!("/bins/{bin}")).await.expect(404);
        tenant.publish("a.b", json!(1)).await;
        let row =
            eventually("a dead letter", async || tenant.list("/dead-letters").await.pop()).await;
        assert_eq!(row["failure_reason"], "blocked_address");
        // A bin that is gone is in nobody's way.
        let patch = json!({"status": "paused"});
        tenant.api.patch(&format!("/subscriptions/{subscription}"), patch).await.expect(200);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_tenant_delivers_to_its_bins_only() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let receiver = testkit::Receiver::answering([200]).await;
        let body = json!({"url": receiver.url("/"), "retry": {"schedule_s": [0.1], "jitter": 0}});
        let (subscription, _) = tenant.subscribe(body.clone()).await;
        let of_tenant = format!("/tenants/{}", tenant.id);
        let patched = app.operator.patch(&of_tenant, json!({"sandbox": true})).await.expect(200);
        assert_eq!(patched["sandbox"], true);
        tenant.publish("a.b", json!(1)).await;
        let row =
            eventually("a dead letter", async || tenant.list("/dead-letters").await.pop()).await;
        assert_eq!(row["failure_reason"], "blocked_address");
        let refused = tenant.api.post("/subscriptions", body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/url");
        let (bin, url) = new_bin(&tenant, json!({"name": "own"})).await;
        let path = format!("/subscriptions/{subscription}");
        tenant.api.patch(&path, json!({"url": url})).await.expect(200);
        tenant.publish("a.b", json!(2)).await;
        recorded(&tenant, &bin, 1).await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bins_of_tenants_that_are_not_served_are_not_found() {
    for storage in BOTH {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let (bin, url) = new_bin(&tenant, json!({"name": "tries"})).await;
        let path = path_of(&app, &url);
        let of_tenant = format!("/tenants/{}", tenant.id);
        let status = async |method: &str| send(&app, method, &path, &[], b"").await.status;
        assert_eq!(status("PUT").await, 200);
        let listed = app.operator.get("/bins").await.expect(200);
        assert_eq!(
            (&listed["data"][0]["id"], &listed["data"][0]["tenant_id"]),
            (&json!(bin), &json!(tenant.id))
        );
        app.operator.patch(&of_tenant, json!({"status": "suspended"})).await.expect(200);
        assert_eq!(status("PUT").await, 404);
        app.operator.patch(&of_tenant, json!({"status": "active"})).await.expect(200);
        assert_eq!(status("PUT").await, 200);
        app.operator.call(Method::DELETE, &of_tenant, None).await.expect(204);
        assert_eq!(status("PUT").await, 404);
        assert_eq!(app.operator.get("/bins").await.expect(200)["data"], json!([]));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bins_secret_checks_what_no_delivery_explains_and_is_never_shown() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let secret = format!("whsec_{}", "A".repeat(32));
    let wanted = json!({"name": "tries", "secret": secret});
    let made = tenant.api.post("/bins", wanted).await.expect(201);
    assert_eq!(made["has_secret"], true);
    assert!(!made.to_string().contains(&secret), "{made}");
    let bin = made["id"].as_str().expect("an id");
    let path = path_of(&app, made["url"].as_str().expect("a url"));
    let (_, plain) = new_bin(&tenant, json!({"name": "plain"})).await;
    let now = app.clock.now();
    let parsed = domain::secret::Secret::parse(&secret).expect("a secret");
    let signed = domain::signature::sign(&[parsed], "msg_1", now, b"{}");
    let headers = [("x-pt-signature", signed.pt.as_str())];
    for path in [&path, &path_of(&app, &plain)] {
        assert_eq!(send(&app, "POST", path, &headers, b"{}").await.status, 200);
    }
    let rows = recorded(&tenant, bin, 1).await;
    let holds = json!([{"scheme": "pt", "valid": true, "reason": null}]);
    assert_eq!(rows[0]["verification"], holds);
    let plain = plain.rsplit('/').next().expect("an id");
    let rows = recorded(&tenant, plain, 1).await;
    let none = json!([{"scheme": "pt", "valid": false, "reason": "no_secret"}]);
    assert_eq!(rows[0]["verification"], none);
    app.stop().await;
}
