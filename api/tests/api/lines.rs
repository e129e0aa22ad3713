use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Tenant, TestApp, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{OPERATOR_KEY, Raw, send};

const PATH: &str = "/api/v1/webhooks/events/batch";

async fn post(app: &TestApp, tenant: &Tenant, more: &[(&str, &str)], body: &[u8]) -> Raw {
    let key = format!("Bearer {OPERATOR_KEY}");
    let mut headers = vec![
        ("authorization", key.as_str()),
        ("posthaste-tenant", &tenant.id),
        ("content-type", "application/x-ndjson"),
    ];
    headers.extend(more);
    send(app, "POST", PATH, &headers, body).await
}

/// The lines of an answer; what frames its chunks is no JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_an_event_for_itself_and_is_answered_in_its_order() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let first = json!({"type": "order.paid", "data": 1, "id": "evt_01kff5j500ebtrcv2s1wxqnzve"});
    let too_long = json!({"type": "order.paid", "data": "x".repeat(400_000)});
    let body = format!(
        "{}\n\n{first}\r\nnot JSON\n[]\n{{\"type\":5}}\n{too_long}\n{}",
        json!({"type": "order.paid", "data": {"amount": 1}}),
        json!({"type": "order.paid", "data": 2}),
    );
    let answer = post(&app, &tenant, &[], body.as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type").as_deref(), Some("application/x-ndjson"));
    let items = lines(&answer.body);
    let statuses: Vec<&Value> = items.iter().map(|item| &item["status"]).collect();
    // The second has an id whose time is long ago.
    assert_eq!(statuses, [202, 422, 400, 422, 422, 413, 202]);
    assert!(items.iter().enumerate().all(|(index, item)| item["index"] == json!(index)));
    assert_eq!(items[4]["problem"]["errors"][0]["pointer"], "/type");
    assert_eq!(tenant.list("/events").await.len(), 2);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_lines_are_all_taken() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let body: String =
        (0..5_000).map(|n| format!("{}\n", json!({"type": "order.paid", "data": n}))).collect();
    let answer = post(&app, &tenant, &[], body.as_bytes()).await;
    let items = lines(&answer.body);
    assert_eq!(items.len(), 5_000);
    assert!(items.iter().all(|item| item["status"] == 202));
    let totals = eventually("figures", async || {
        let totals = tenant.api.get("/stats").await.expect(200)["totals"].clone();
        (totals["events"] == 5_000).then_some(totals)
    })
    .await;
    assert_eq!(totals["deliveries"], 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_answered_while_the_next_one_is_still_to_come() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let address = app.base().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {OPERATOR_KEY}\r\nposthaste-tenant: {}\r\n\
         content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        tenant.id
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut seen = String::new();
    for number in 0..3 {
        let line = format!("{}\n", json!({"type": "order.paid", "data": number}));
        let chunk = format!("{:x}\r\n{line}\r\n", line.len());
        stream.write_all(chunk.as_bytes()).await.expect("the server reads");
        let mut buffer = [0; 4096];
        while lines(&seen).len() <= number {
            let read =
                tokio::time::timeout(Duration::from_secs(30), stream.read(&mut buffer)).await;
            let bytes = read.expect("an answer in time").expect("it can be read");
            assert!(bytes > 0, "it has ended: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..bytes]));
        }
    }
    stream.write_all(b"0\r\n\r\n").await.expect("the server reads");
    stream.read_to_string(&mut seen).await.expect("the end");
    assert!(lines(&seen).iter().all(|item| item["status"] == 202), "{seen}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_post_less_is_slowed_down_and_not_refused() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let limit = json!({"ingest_rate_limit": {"per_second": 50, "burst": 5}});
    app.operator.patch(&format!("/tenants/{}", tenant.id), limit).await.expect(200);
    let body: String = (0..30).map(|n| format!("{{\"type\":\"a\",\"data\":{n}}}\n")).collect();
    let began = std::time::Instant::now();
    let answer = eventually("a caller that is known to be limited", async || {
        let single = tenant.api.post("/events", json!({"type": "a", "data": 0})).await;
        single.headers.contains_key("ratelimit").then_some(())
    });
    answer.await;
    let items = lines(&post(&app, &tenant, &[], body.as_bytes()).await.body);
    assert!(items.len() == 30 && items.iter().all(|item| item["status"] == 202), "{items:?}");
    assert!(began.elapsed() >= Duration::from_millis(480), "{:?}", began.elapsed());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_go_with_no_idempotency_key_and_need_a_key() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let refused = post(&app, &tenant, &[("idempotency-key", "k")], b"{}\n").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Idempotency-Key"), "{}", refused.body);
    let headers = [("content-type", "application/x-ndjson")];
    assert_eq!(send(&app, "POST", PATH, &headers, b"{}\n").await.status, 401);
    let compressed = post(&app, &tenant, &[("content-encoding", "gzip")], b"{}\n").await;
    assert_eq!(compressed.status, 415);
    app.stop().await;
}
