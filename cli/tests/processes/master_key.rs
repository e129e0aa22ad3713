//! One master key in the place of another: what was sealed before opens after, and nothing under the former one
//! is left.

use std::path::Path;
use std::process::{Command, Output};

use reqwest::Method;
use serde_json::{Value, json};
use servers::{Postgres, Redis};
use testkit::{Client, Receiver, Tenant};

use crate::support::{OPERATOR_KEY, Server, free_port};

const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

fn rotate(folder: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
    command.current_dir(folder).args(["keys", "rotate-master"]).env_clear();
    command.envs(variables.iter().copied()).output().expect("the binary runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// One of everything that is sealed.
struct Sealed {
    tenant: Tenant,
    receiver: Receiver,
    subscription: String,
    with_certificate: String,
    secret: String,
    /// Of the request that rotated the secret.
    answer: Value,
}

impl Sealed {
    async fn new(operator: &Client) -> Self {
        let receiver = Receiver::answering([200]).await;
        let tenant = operator.new_tenant().await;
        let wanted =
            json!({"url": receiver.url("/"), "headers": {"x-token": "of the first state"}});
        let (subscription, _) = tenant.subscribe(wanted).await;
        let certificate = json!({
            "certificate": include_str!("../../../domain/tests/certificates/rsa.pem"),
            "private_key": include_str!("../../../domain/tests/certificates/rsa.key"),
        });
        let wanted = json!({
            "url": "https://localhost:59999/", "event_types": ["c.d"], "client_certificate": certificate,
        });
        let (with_certificate, _) = tenant.subscribe(wanted).await;
        tenant.publish("a.b", json!(1)).await;
        receiver.wait_for(1).await;
        let path = format!("/subscriptions/{subscription}");
        tenant.api.patch(&path, json!({"headers": {"x-token": "of the second"}})).await.expect(200);
        let answer = rotate_secret(&tenant, &subscription).await;
        let secret = answer["secret"].as_str().expect("a secret").to_owned();
        Self { tenant, receiver, subscription, with_certificate, secret, answer }
    }

    /// Opens all of it, at `base`.
    async fn opens(&self, base: &str, deliveries: usize) {
        let tenant = Tenant { api: self.tenant.api.at(base), ..self.tenant.clone() };
        let path = format!("/subscriptions/{}", self.subscription);
        let secret = tenant.api.get(&format!("{path}/secret")).await.expect(200);
        assert_eq!(secret["secret"], self.secret);
        let shown = tenant.api.get(&format!("{path}?reveal=true")).await.expect(200);
        assert_eq!(shown["headers"]["x-token"], "of the second");
        assert_eq!(rotate_secret(&tenant, &self.subscription).await, self.answer);
        let path = format!("/subscriptions/{}", self.with_certificate);
        let shown = tenant.api.get(&path).await.expect(200);
        assert_eq!(shown["client_certificate"]["private_key"], "***", "{shown}");
        // The headers of a former state are opened to tell the request; their values stay masked.
        let first = &tenant.list("/deliveries").await.pop().expect("the first");
        let id = first["id"].as_str().expect("an id");
        let attempts = tenant.list(&format!("/deliveries/{id}/attempts")).await;
        assert_eq!(attempts[0]["request_headers"]["x-token"], "***", "{attempts:?}");
        tenant.publish("a.b", json!(2)).await;
        self.receiver.wait_for(deliveries).await;
        let received = self.receiver.received().pop().expect("the last");
        assert_eq!(received.header("x-token"), "of the second");
        assert!(testkit::standard_signature_holds(&self.secret, &received));
    }
}

async fn rotate_secret(tenant: &Tenant, subscription: &str) -> Value {
    let path = format!("/subscriptions/{subscription}/secret/rotate");
    let headers = [("idempotency-key", "rotated once")];
    let body = Some("{}".to_owned());
    tenant.api.try_call(Method::POST, &path, body, &headers).await.expect("an answer").expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_file_is_replaced_while_nothing_runs_and_a_crash_in_between_is_gone_on_with() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, port) = (folder.path(), free_port());
    let (file, next) = (path.join("posthaste.key"), path.join("posthaste.key.next"));
    let key = |file: &Path| std::fs::read_to_string(file).expect("a key");
    let server = Server::start(path, port);
    let sealed = Sealed::new(&server.operator()).await;
    let refused = rotate(path, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("error: stop it first"), "{}", said(&refused));
    server.terminate();

    let former = key(&file);
    let done = rotate(path, &[]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(
        said(&done).contains("subscription_states.document: 3 sealed again"),
        "{}",
        said(&done)
    );
    let present = key(&file);
    assert!(present != former && !next.exists());
    let server = Server::start(path, port);
    sealed.opens(&server.base, 2).await;
    server.terminate();

    // As a crash leaves it before the new key takes the place of the former one.
    std::fs::write(&file, &former).expect("a file");
    std::fs::write(&next, &present).expect("a file");
    let server = Server::start(path, port);
    sealed.opens(&server.base, 3).await;
    server.terminate();
    let done = rotate(path, &[]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_eq!((key(&file), next.exists()), (present, false));
    // Nothing is under the former key any more, which opens nothing either.
    let server = Server::start(path, port);
    sealed.opens(&server.base, 4).await;
    server.terminate();
    let with_former = rotate(
        path,
        &[("POSTHASTE_MASTER_KEY", former.trim()), ("POSTHASTE_MASTER_KEY_ALSO", ONE)],
    );
    assert_eq!(with_former.status.code(), Some(1));
    assert!(said(&with_former).contains("does not open"), "{}", said(&with_former));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_of_several_processes_are_replaced_while_they_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let postgres = Postgres::start(path).await.expect("a Postgres");
    let redis = Redis::start(path).await.expect("a Redis");
    let (database_url, redis_url) = (postgres.url(), redis.url());
    let with = |keys: &[(&'static str, &'static str)]| {
        let mut variables = vec![
            ("POSTHASTE_DATABASE_URL", database_url.as_str()),
            ("POSTHASTE_REDIS_URL", redis_url.as_str()),
        ];
        variables.extend_from_slice(keys);
        let start = |role| Server::start_as(role, path, free_port(), &variables);
        (start("api"), start("worker"))
    };
    let before = with(&[("POSTHASTE_MASTER_KEY", ONE), ("POSTHASTE_MASTER_KEY_ALSO", OTHER)]);
    let sealed = Sealed::new(&before.0.operator()).await;

    let next = "the operator's next key";
    let between = with(&[
        ("POSTHASTE_MASTER_KEY", OTHER),
        ("POSTHASTE_MASTER_KEY_ALSO", ONE),
        ("POSTHASTE_ADMIN_KEY", next),
        ("POSTHASTE_ADMIN_KEY_ALSO", OPERATOR_KEY),
    ]);
    // Some have been started again, others not yet: what either seals, both open.
    let later = between.0.operator().new_tenant().await;
    let (id, secret) = later.subscribe(json!({"url": "https://example.invalid/"})).await;
    for base in [&before.0.base, &between.0.base] {
        let shown =
            later.api.at(base).get(&format!("/subscriptions/{id}/secret")).await.expect(200);
        assert_eq!(shown["secret"], secret);
    }
    drop(before);
    for key in [OPERATOR_KEY, next] {
        between.0.operator().with_key(key).get("/tenants").await.expect(200);
    }
    let conflict = between.0.operator().post("/operator-key/rotate", json!({})).await.expect(409);
    assert!(conflict["detail"].as_str().expect("a text").contains("POSTHASTE_ADMIN_KEY_ALSO"));

    let variables = [
        ("POSTHASTE_DATABASE_URL", database_url.as_str()),
        ("POSTHASTE_REDIS_URL", redis_url.as_str()),
        ("POSTHASTE_MASTER_KEY", OTHER),
    ];
    let alone = rotate(path, &variables);
    assert_eq!(alone.status.code(), Some(1));
    assert!(said(&alone).contains("set POSTHASTE_MASTER_KEY to the new"), "{}", said(&alone));
    let both = [variables.as_slice(), &[("POSTHASTE_MASTER_KEY_ALSO", ONE)]].concat();
    let done = rotate(path, &both);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    sealed.opens(&between.0.base, 2).await;
    drop(between);
    let after = with(&[("POSTHASTE_MASTER_KEY", OTHER), ("POSTHASTE_ADMIN_KEY", next)]);
    sealed.opens(&after.0.base, 3).await;
    after.0.operator().get("/tenants").await.expect(401);
}
