//! Secrets stay secret: neither the database's files, nor the log at its most talkative, nor any answer but
//! those that exist to show one contains a secret or a key.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Receiver, eventually};

use crate::support::{OPERATOR_KEY, Server, free_port};

const MASTER_KEY: [u8; 32] = *b"canary:the-master-key-of-32bytes";

/// What must be found nowhere, with what it is.
struct Canaries(Vec<(&'static str, Vec<u8>)>);

impl Canaries {
    fn add(&mut self, what: &'static str, bytes: impl Into<Vec<u8>>) {
        self.0.push((what, bytes.into()));
    }

    /// A subscription's secret: as it is written, and the key that it stands for.
    fn add_secret(&mut self, what: &'static str, text: &str) {
        let encoded = text.strip_prefix("whsec_").expect("a secret");
        self.add(what, encoded);
        self.add(what, STANDARD.decode(encoded).expect("base64"));
    }

    fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let is_in = |canary: &[u8]| memchr::memmem::find(bytes, canary).is_some();
        self.0.iter().filter(|(_, canary)| is_in(canary)).map(|(what, _)| *what).collect()
    }
}

/// Calls whose answers must give nothing away.
struct Closed<'a> {
    canaries: &'a Canaries,
}

impl Closed<'_> {
    async fn call(&self, api: &Client, method: Method, path: &str, body: Option<Value>) -> Value {
        let reply = api.call(method.clone(), path, body).await;
        let whole = format!("{:?} {}", reply.headers, reply.text);
        let found = self.canaries.found_in(whole.as_bytes());
        assert!(found.is_empty(), "{method} {path} tells {found:?}: {}", reply.text);
        if reply.text.is_empty() { Value::Null } else { reply.json() }
    }

    async fn get(&self, api: &Client, path: &str) -> Value {
        self.call(api, Method::GET, path, None).await
    }
}

fn secret_of(bytes: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(bytes))
}

fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries =
        std::fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable"));
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files
        .map(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(file.path()).expect("readable"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_no_log_and_no_answer_contains_a_secret_or_a_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let master_key = STANDARD.encode(MASTER_KEY);
    let variables = [("POSTHASTE_LOG", "trace"), ("POSTHASTE_MASTER_KEY", master_key.as_str())];
    let server = Server::start_as("serve", folder.path(), free_port(), &variables);
    let operator = server.operator();
    let mut canaries = Canaries(Vec::new());
    canaries.add("the operator key", OPERATOR_KEY);
    canaries.add("the master key's text", master_key.clone());
    canaries.add("the master key", MASTER_KEY);
    canaries.add("a header", "canary-in-a-header");
    canaries.add("another header", "canary-in-another-header");

    // What is shown once is a canary from then on.
    let tenant = operator.new_tenant().await;
    let keys = format!("/tenants/{}/keys", tenant.id);
    let made = operator.post(&keys, json!({"name": "k", "scopes": ["*"]})).await.expect(201);
    let key = made["secret"].as_str().expect("a secret").to_owned();
    canaries.add("a key", key.clone());
    let links = format!("/tenants/{}/portal-links", tenant.id);
    let made = operator.post(&links, json!({"permissions": "read"})).await.expect(201);
    let token = made["url"].as_str().and_then(|url| url.split('#').nth(1)).expect("a token");
    canaries.add("a portal link's token", token);
    operator.with_key(token).get("/events").await.expect(200);
    let api = operator.with_key(&key);
    let own = secret_of(b"canary:the-secret-that-a-caller-brought");
    let next = secret_of(b"canary:the-secret-that-follows-it");
    canaries.add_secret("a caller's secret", &own);
    canaries.add_secret("the secret that follows", &next);
    let receiver = Receiver::answering([204, 500, 500, 204]).await;
    let wanted = json!({
        "url": receiver.url("/"), "secret": own, "headers": {"authorization": "canary-in-a-header"},
        "retry": {"schedule_s": [0.1], "jitter": 0},
    });
    let idempotent = [("idempotency-key", "once")];
    for _ in 0..2 {
        // The second answer is the kept one, which has been sealed meanwhile.
        let body = Some(wanted.to_string());
        let reply = api.try_call(Method::POST, "/subscriptions", body, &idempotent).await;
        assert_eq!(reply.expect("an answer").expect(201)["secret"], own);
    }
    let made =
        api.post("/subscriptions", json!({"url": receiver.url("/"), "status": "paused"})).await;
    canaries
        .add_secret("a secret that was made", made.expect(201)["secret"].as_str().expect("one"));
    let certificate_key = include_str!("../../../domain/tests/certificates/rsa.key");
    for line in certificate_key.lines().filter(|line| !line.starts_with('-')) {
        canaries.add("a client certificate's key", line);
        canaries.add("a client certificate's key", STANDARD.decode(line).expect("base64"));
    }
    let closed = Closed { canaries: &canaries };
    let certificate = json!({
        "certificate": include_str!("../../../domain/tests/certificates/rsa.pem"), "private_key": certificate_key,
    });
    let shown = json!({"url": "https://localhost:59999/", "client_certificate": certificate});
    let made = closed.call(&api, Method::POST, "/subscriptions", Some(shown)).await;
    let with_certificate = format!("/subscriptions/{}", made["id"].as_str().expect("an id"));
    closed.get(&api, &format!("{with_certificate}?reveal=true")).await;
    closed.call(&api, Method::POST, &format!("{with_certificate}/test"), None).await;
    let patch = json!({"status": "paused", "client_certificate": {"private_key": "***"}});
    closed.call(&api, Method::PATCH, &with_certificate, Some(patch)).await;

    let listed = closed.get(&api, "/subscriptions").await;
    let subscription = listed["data"].as_array().expect("a list").last().expect("the first");
    let path = format!("/subscriptions/{}", subscription["id"].as_str().expect("an id"));
    closed.get(&api, &path).await;
    assert_eq!(api.get(&format!("{path}/secret")).await.expect(200)["secret"], own);
    let rotation = json!({"secret": next, "overlap_s": 3600});
    api.post(&format!("{path}/secret/rotate"), rotation).await.expect(200);
    api.get(&format!("{path}?reveal=true")).await.expect(200);
    let patch = json!({"headers": {"authorization": "canary-in-another-header"}});
    closed.call(&api, Method::PATCH, &path, Some(patch)).await;
    closed.call(&api, Method::POST, &format!("{path}/test"), None).await;
    // Faults name what is wrong, not what was given.
    for body in [
        json!({"url": "https://example.com/", "secret": format!("{next}!")}),
        json!({"url": "https://example.com/", "headers": {"authorization": "canary-in-a-header\n"}}),
        json!({"url": "https://example.com/", "headers": {"host": "canary-in-a-header"}}),
        json!({"url": "https://example.com/", "headers": "canary-in-a-header"}),
        json!({"url": "https://example.com/", "client_certificate": certificate_key}),
        json!({"url": "https://example.com/", "client_certificate": {"certificate": certificate_key, "private_key": ""}}),
        json!({"url": "https://example.com/", "client_certificate": {"certificate": "", "private_key": [certificate_key]}}),
    ] {
        closed.call(&api, Method::POST, "/subscriptions", Some(body)).await;
    }
    closed.get(&operator.with_key(&format!("{key}x")), "/events").await;

    let event =
        closed.call(&api, Method::POST, "/events", Some(json!({"type": "a", "data": 1}))).await;
    let dead = eventually("a dead letter", async || {
        api.get("/dead-letters").await.expect(200)["data"]
            .as_array()
            .and_then(|rows| rows.first().cloned())
    })
    .await;
    let delivery = dead["id"].as_str().expect("an id");
    closed.call(&api, Method::POST, &format!("/deliveries/{delivery}/redeliver"), None).await;
    receiver.wait_for(4).await;
    for path in [
        format!("/deliveries/{delivery}"),
        format!("/deliveries/{delivery}/attempts"),
        format!("/events/{}", event["id"].as_str().expect("an id")),
        "/events".to_owned(),
        "/deliveries".to_owned(),
        "/dead-letters".to_owned(),
        "/stats".to_owned(),
        "/audit-log".to_owned(),
    ] {
        closed.get(&api, &path).await;
    }
    for path in
        [keys, links, "/tenants".to_owned(), "/audit-log".to_owned(), "/subscriptions".to_owned()]
    {
        closed.get(&operator, &path).await;
    }
    let figures = format!("{:?}", operator.figures().await);
    assert_eq!(canaries.found_in(figures.as_bytes()), Vec::<&str>::new());
    let signed = receiver.received();
    let sent =
        |request: &testkit::Received| request.header("authorization") == "canary-in-another-header";
    assert!(signed.iter().any(sent), "it is a header all the same");

    // While it runs (the log of what is not in the file yet beside it), and once it has ended.
    let running = files_of(folder.path());
    let lines = server.lines();
    assert_eq!(server.terminate().0, Some(0));
    assert!(lines.len() > 100, "at trace it has more to say than {} lines", lines.len());
    for line in &lines {
        let found = canaries.found_in(line.as_bytes());
        assert!(found.is_empty(), "the log tells {found:?}: {line}");
    }
    let files = [running, files_of(folder.path())].concat();
    assert!(files.iter().any(|(_, bytes)| bytes.starts_with(b"SQLite format 3\0")));
    for (name, bytes) in files {
        let found = canaries.found_in(&bytes);
        assert!(found.is_empty(), "{name} has {found:?} in it");
    }
}
