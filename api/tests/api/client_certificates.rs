use serde_json::{Value, json};
use testkit::{Storage, TestApp};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../domain/tests/certificates/", $name))
    };
}

const EC: &str = file!("ec.pem");
const RENEWED: &str = file!("ec-renewed.pem");
const EXPIRED: &str = file!("ec-expired.pem");
const EC_KEY: &str = file!("ec.key");
const RSA: &str = file!("rsa.pem");
const RSA_KEY: &str = file!("rsa.key");

fn pair(certificate: &str, private_key: &str) -> Value {
    json!({"certificate": certificate, "private_key": private_key})
}

fn subscription(certificate: Value) -> Value {
    json!({"url": "https://example.com/", "client_certificate": certificate})
}

/// A line of the key that nothing else has.
fn line_of(key: &str) -> &str {
    key.lines().rev().nth(1).expect("a line before the last")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_shown_as_it_was_given_and_its_key_never() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let made = tenant.api.post("/subscriptions", subscription(pair(EC, EC_KEY))).await;
        let made_text = made.text.clone();
        let made = made.expect(201);
        let shown = &made["client_certificate"];
        assert_eq!((&shown["certificate"], &shown["private_key"]), (&json!(EC), &json!("***")));
        assert_eq!(shown["not_after"], "2126-11-04T01:09:58.000Z");
        let path = format!("/subscriptions/{}", made["id"].as_str().expect("an id"));
        let mut answers = vec![made_text];
        for path in [path.clone(), format!("{path}?reveal=true"), "/subscriptions".to_owned()] {
            answers.push(tenant.api.get(&path).await.text);
        }
        tenant
            .api
            .patch(&path, json!({"client_certificate": pair(RSA, RSA_KEY)}))
            .await
            .expect(200);
        let entries = tenant.list("/audit-log?action=subscription.updated").await;
        assert_eq!(entries[0]["changes"]["client_certificate"]["from"], *shown);
        assert_eq!(entries[0]["changes"]["client_certificate"]["to"]["certificate"], RSA);
        answers.extend([tenant.api.get("/audit-log").await.text, tenant.api.get(&path).await.text]);
        for answer in answers {
            assert!(answer.contains("***"), "{answer}");
            assert!(![EC_KEY, RSA_KEY].map(line_of).iter().any(|line| answer.contains(line)));
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_keeps_the_key_that_it_does_not_name() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (id, _) = tenant.subscribe(subscription(pair(EC, EC_KEY))).await;
    let path = format!("/subscriptions/{id}");
    let patch = async |body: Value| tenant.api.patch(&path, body).await;
    // What was read and is sent back, a certificate that was renewed for the same key, and an
    // unrelated change: none of them loses the key, or the next one could not go without it.
    for (certificate, now) in [
        (pair(EC, "***"), EC),
        (json!({"certificate": RENEWED}), RENEWED),
        (json!({}), RENEWED),
        (pair(EC, "***"), EC),
    ] {
        let changed = patch(json!({"client_certificate": certificate})).await.expect(200);
        assert_eq!(changed["client_certificate"]["certificate"], now);
    }
    let changed = patch(json!({"description": "d"})).await.expect(200);
    assert_eq!(changed["client_certificate"]["certificate"], EC);
    for (body, pointer) in [
        (json!({"client_certificate": pair(RSA, "***")}), "/client_certificate/private_key"),
        (json!({"client_certificate": {"certificate": RSA}}), "/client_certificate/private_key"),
        (json!({"client_certificate": {"private_key": null}}), "/client_certificate/private_key"),
        (json!({"client_certificate": {"not_after": null}}), "/client_certificate/not_after"),
        (json!({"url": "http://example.com/"}), "/client_certificate"),
    ] {
        let problem = patch(body.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body} {problem}");
    }
    let without = patch(json!({"client_certificate": null})).await.expect(200);
    assert_eq!(without["client_certificate"], Value::Null);
    let problem = patch(json!({"client_certificate": pair(EC, "***")})).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/client_certificate/private_key");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_none_or_of_no_use_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let large = format!("{}{EC}", "\n".repeat(64 * 1024));
    for (certificate, pointer, says) in [
        (json!("***"), "/client_certificate", ""),
        (json!({"certificate": EC}), "/client_certificate/private_key", ""),
        (json!({"certificate": 1, "private_key": EC_KEY}), "/client_certificate/certificate", ""),
        (pair("x", EC_KEY), "/client_certificate/certificate", "PEM"),
        (pair(EC, "x"), "/client_certificate/private_key", "PEM"),
        (pair(EC, "***"), "/client_certificate/private_key", "kept"),
        (pair(EC, RSA_KEY), "/client_certificate/private_key", "first certificate"),
        (pair(RSA, file!("rsa8-encrypted.key")), "/client_certificate/private_key", "encrypted"),
        (pair(EXPIRED, EC_KEY), "/client_certificate/certificate", "expired"),
        (pair(&large, EC_KEY), "/client_certificate", "65536"),
    ] {
        let refused = tenant.api.post("/subscriptions", subscription(certificate)).await;
        assert!(!refused.text.contains(line_of(EC_KEY)), "{}", refused.text);
        let problem = refused.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        let detail = problem["errors"][0]["detail"].as_str().expect("a detail");
        assert!(detail.contains(says), "{detail}");
    }
    let plain = json!({"url": "http://127.0.0.1:8080/", "client_certificate": pair(EC, EC_KEY)});
    let problem = tenant.api.post("/subscriptions", plain).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/client_certificate", "{problem}");
    assert_eq!(tenant.list("/subscriptions").await.len(), 0);
    app.stop().await;
}
