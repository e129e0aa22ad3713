//! Receivers that answer what is no HTTP, or hardly.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Receiver, Tenant, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::{Stage, post_batch};

const EVENTS: u64 = 20;
const NEIGHBOURS_EVENTS: usize = 100;

/// Far below what a request in the way of others would cost, which is its timeout of 15 s.
const PROMPT: Duration = Duration::from_secs(5);

/// What is answered, and what the attempt says then: status code and failure reason.
struct Case {
    answer: Vec<u8>,
    status_code: Value,
    failure_reason: Value,
}

fn cases() -> Vec<Case> {
    let large = (0..1_000).flat_map(|_| [b"x-a: ".as_slice(), &[b'a'; 1_043], b"\r\n"].concat());
    let large = [b"HTTP/1.1 200 OK\r\n".to_vec(), large.collect(), b"\r\n".to_vec()].concat();
    let body = b"content-length: 7\r\n\r\n\0\xff\xfe\xc3(\0!";
    let failed = [b"HTTP/1.1 500 X\r\nx-a: \xff\xfe\xc3(\r\n".as_slice(), body].concat();
    let good = [b"HTTP/1.1 200 \xff\r\n".as_slice(), body].concat();
    let protocol = || (Value::Null, json!("protocol"));
    [
        (b"HTTP/1.1 200 OK\r\nx-a: a\0b\r\ncontent-length: 0\r\n\r\n".to_vec(), protocol()),
        (b"\0\xff\xfe of no protocol\r\n\r\n".to_vec(), protocol()),
        (b"HTTP/1.1 99999 X\r\n\r\n".to_vec(), protocol()),
        (b"".to_vec(), protocol()),
        (large, (Value::Null, json!("response_too_large"))),
        (failed, (json!(500), json!("http_status"))),
        (good, (json!(200), Value::Null)),
    ]
    .into_iter()
    .map(|(answer, (status_code, failure_reason))| Case { answer, status_code, failure_reason })
    .collect()
}

pub(crate) async fn what_no_client_can_read_is_recorded_and_delays_nobody(stage: &Stage) {
    let (beside, neighbour) = (Receiver::answering([200]).await, Receiver::answering([200]).await);
    let tenant = stage.operator.new_tenant().await;
    let mut strangers = Vec::new();
    for case in cases() {
        let url = stranger(case.answer.clone()).await;
        strangers.push((case, tenant.subscribe(json!({ "url": url })).await.0));
    }
    tenant.subscribe(json!({"url": beside.url("/")})).await;
    let other = stage.operator.new_tenant().await;
    other.subscribe(json!({"url": neighbour.url("/")})).await;

    let posted = Instant::now();
    post_batch(&tenant.api, "strange.test", EVENTS).await;
    for number in 0..NEIGHBOURS_EVENTS {
        let posted = Instant::now();
        other.publish("neighbour.test", json!({})).await;
        let came = neighbour.wait_for(number + 1).await;
        assert!(came[number].at < posted + PROMPT, "the other tenant waits");
    }
    for came in beside.wait_for(20).await {
        assert!(came.at < posted + PROMPT, "the tenant's other subscription waits");
    }

    for (case, subscription) in &strangers {
        let attempt = first_attempt(&tenant, subscription).await;
        assert_eq!(attempt["status_code"], case.status_code, "{attempt}");
        assert_eq!(attempt["failure_reason"], case.failure_reason, "{attempt}");
        if !case.status_code.is_null() {
            assert_eq!(attempt["response_body"], "\0\u{fffd}\u{fffd}\u{fffd}(\0!", "{attempt}");
        }
    }
    for (_, subscription) in &strangers {
        tenant.api.delete(&format!("/subscriptions/{subscription}")).await.expect(204);
    }
    stage.everything_is_final().await;
}

async fn first_attempt(tenant: &Tenant, subscription: &str) -> Value {
    eventually("an attempt is recorded", || async {
        let path = format!("/deliveries?subscription_id={subscription}");
        for delivery in tenant.list(&path).await {
            let id = delivery["id"].as_str().expect("an id");
            let attempts = tenant.list(&format!("/deliveries/{id}/attempts")).await;
            if let Some(first) = attempts.into_iter().next() {
                return Some(first);
            }
        }
        None
    })
    .await
}

/// Answers every request with these bytes, and ends the connection; gives its url.
async fn stranger(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(reply(stream, answer.clone()));
        }
    });
    format!("http://{address}/")
}

/// Reads the whole request first: a connection that is ended with something unread loses its answer.
async fn reply(mut stream: TcpStream, answer: Vec<u8>) -> std::io::Result<()> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                break;
            }
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(&answer).await?;
    stream.shutdown().await
}
