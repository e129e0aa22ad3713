//! A receiver that asks whose a request is, and the whole program before it.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::{Value, json};
use testkit::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Server, free_port};

/// A new certificate and its key.
fn certificate() -> (CertificateDer<'static>, Vec<u8>) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let made = params.self_signed(&key).expect("a certificate");
    (made.der().clone(), key.serialize_der())
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A receiver that lets in who shows this certificate; its port, and its own certificate in `roots`.
async fn receiver(client: CertificateDer<'static>, roots: &Path) -> u16 {
    let (own, key) = certificate();
    std::fs::write(roots, pem("CERTIFICATE", &own)).expect("a folder");
    let mut known = RootCertStore::empty();
    known.add(client).expect("a certificate");
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(known), Arc::clone(&provider));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_client_cert_verifier(verifier.build().expect("roots"))
        .with_single_cert(vec![own], PrivateKeyDer::try_from(key).expect("a key"))
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                match acceptor.accept(stream).into_fallible().await {
                    Ok(mut stream) => {
                        let mut request = Vec::new();
                        // The envelope ends so, and head and body come as one.
                        while !request.ends_with(b"}") {
                            if stream.read_buf(&mut request).await.is_ok_and(|read| read == 0) {
                                return;
                            }
                        }
                        let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                        stream.write_all(answer).await.expect("the sender reads");
                        stream.shutdown().await.expect("the sender reads");
                    }
                    // Read to the end: a reset would overtake the alert that says why.
                    Err((_, mut stream)) => drop(stream.read_to_end(&mut Vec::new()).await),
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriptions_certificate_lets_its_deliveries_in_and_those_of_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let roots = folder.path().join("roots.pem");
    let (client, key) = certificate();
    let shown = json!({"certificate": pem("CERTIFICATE", &client), "private_key": pem("PRIVATE KEY", &key)});
    let url = format!("https://localhost:{}/", receiver(client, &roots).await);
    let variables = [("SSL_CERT_FILE", roots.to_str().expect("UTF-8"))];
    let server = Server::start_as("serve", folder.path(), free_port(), &variables);
    let tenant = server.operator().new_tenant().await;
    let (with, _) = tenant
        .subscribe(json!({"url": url, "event_types": ["a"], "client_certificate": shown}))
        .await;
    let (without, _) = tenant.subscribe(json!({"url": url, "event_types": ["b"]})).await;
    let test = async |id: &str| {
        let path = format!("/subscriptions/{id}/test");
        tenant.api.call(reqwest::Method::POST, &path, None).await.expect(200)
    };
    for _ in 0..2 {
        let (let_in, refused) = (test(&with).await, test(&without).await);
        assert_eq!(let_in["status_code"], 204, "{let_in}");
        assert_eq!(refused["failure_reason"], "tls", "{refused}");
    }
    tenant.publish("a", json!(1)).await;
    eventually("a delivery that was let in", async || {
        let path = format!("/deliveries?subscription_id={with}&event_type=a");
        let deliveries = tenant.api.get(&path).await.expect(200);
        (deliveries["data"][0]["status"] == "succeeded").then_some(())
    })
    .await;
    // From the next attempt on it goes without.
    let path = format!("/subscriptions/{with}");
    tenant.api.patch(&path, json!({"client_certificate": Value::Null})).await.expect(200);
    assert_eq!(test(&with).await["failure_reason"], "tls");
    assert_eq!(server.terminate().0, Some(0));
}
