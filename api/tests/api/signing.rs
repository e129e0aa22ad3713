//! What signs, as the API shows it and as it arrives.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::json;
use testkit::{Received, Receiver, TestApp, eventually};

/// Whether the public key accepts one of the signatures of a request.
fn is_signed(public_key: &str, request: &Received) -> bool {
    let bytes =
        STANDARD.decode(public_key.strip_prefix("whpk_").expect("its kind")).expect("base64");
    let key = VerifyingKey::from_bytes(&bytes.try_into().expect("32 bytes")).expect("a point");
    let [id, timestamp] = ["webhook-id", "webhook-timestamp"].map(|name| request.header(name));
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &request.body].concat();
    let signatures = request.header("webhook-signature").split(' ');
    signatures.filter_map(|one| one.strip_prefix("v1a,")).any(|one| {
        let signature = Signature::from_slice(&STANDARD.decode(one).expect("base64"));
        key.verify_strict(&signed, &signature.expect("64 bytes")).is_ok()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_signs_and_only_its_public_half_is_shown() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let receiver = Receiver::answering([200]).await;
    let wanted = json!({"url": receiver.url("/"), "signing": {"algorithm": "ed25519"}});
    let mut brought = wanted.clone();
    brought["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let refused = tenant.api.post("/subscriptions", brought).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/secret");

    let made = tenant.api.post("/subscriptions", wanted).await.expect(201);
    assert!(made.get("secret").is_none(), "{made}");
    let public_key = made["public_key"].as_str().expect("a public key").to_owned();
    let path = format!("/subscriptions/{}", made["id"].as_str().expect("an id"));
    let shown = tenant.api.get(&format!("{path}/secret")).await.expect(200);
    assert_eq!(shown, json!({"public_key": public_key}));

    tenant.publish("a.b", json!(1)).await;
    let [first] = receiver.wait_for(1).await.try_into().expect("one");
    assert!(is_signed(&public_key, &first));
    assert_eq!(first.header("x-pt-signature"), "");
    let attempts = eventually("the attempt is recorded", async || {
        let deliveries = tenant.list("/deliveries").await;
        let path = format!("/deliveries/{}/attempts", deliveries[0]["id"].as_str().expect("an id"));
        Some(tenant.list(&path).await).filter(|rows| !rows.is_empty())
    })
    .await;
    let derived = &attempts[0]["request_headers"]["webhook-signature"];
    assert_eq!(derived, first.header("webhook-signature"));

    // Rotated, both sign; and so they do when the algorithm is another one from now on.
    let rotated = tenant.api.post(&format!("{path}/secret/rotate"), json!({})).await.expect(200);
    let next_key = rotated["public_key"].as_str().expect("a public key").to_owned();
    assert_ne!(next_key, public_key);
    let own = json!({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
    tenant.api.post(&format!("{path}/secret/rotate"), own).await.expect(422);
    tenant.publish("a.b", json!(2)).await;
    let second = receiver.wait_for(2).await.pop().expect("the last");
    assert!(is_signed(&public_key, &second) && is_signed(&next_key, &second));

    let shared = json!({"signing": {"algorithm": "hmac-sha256"}});
    tenant.api.patch(&path, shared).await.expect(200);
    let secret = tenant.api.get(&format!("{path}/secret")).await.expect(200);
    assert!(secret["secret"].as_str().is_some_and(|text| text.starts_with("whsec_")), "{secret}");
    tenant.publish("a.b", json!(3)).await;
    let third = receiver.wait_for(3).await.pop().expect("the last");
    assert!(is_signed(&public_key, &third) && is_signed(&next_key, &third));
    assert!(third.header("webhook-signature").starts_with("v1,"));
    assert!(third.header("x-pt-signature").contains(",v1="));
    app.stop().await;
}
