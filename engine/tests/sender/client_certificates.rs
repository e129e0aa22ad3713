//! Receivers that ask whose a request is.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::client_certificate::{ClientCertificate, ClientCertificateInput};
use domain::outcome::FailureReason;
use engine::sender::{ClientIdentity, Request};
use parking_lot::Mutex;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::receiver::{Receiver, read_request};
use crate::tls::trusting;
use crate::{AMPLE, failure, request};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A certificate with its key.
struct Pair {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

impl Pair {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let made = params.self_signed(&key).expect("a certificate");
        Self { certificate: made.der().clone(), key }
    }

    fn identity(&self) -> Option<Arc<ClientIdentity>> {
        let input = ClientCertificateInput {
            certificate: pem("CERTIFICATE", &self.certificate),
            private_key: pem("PRIVATE KEY", &self.key.serialize_der()),
        };
        let certificate = ClientCertificate::parse(input).expect("they belong together");
        Some(Arc::new(ClientIdentity::new(&certificate).expect("they belong together")))
    }
}

/// What a receiver was shown with each request: nothing, or a certificate.
type Shown = Arc<Mutex<Vec<Option<CertificateDer<'static>>>>>;

/// A receiver that asks for one of `known`, and insists on it or not.
async fn receiver(
    own: &Pair,
    known: &[&Pair],
    insists: bool,
    version: &'static SupportedProtocolVersion,
) -> (Receiver, Shown) {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    for pair in known {
        roots.add(pair.certificate.clone()).expect("a certificate");
    }
    let mut verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    if !insists {
        verifier = verifier.allow_unauthenticated();
    }
    let key = PrivateKeyDer::try_from(own.key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("ring has it")
        .with_client_cert_verifier(verifier.build().expect("roots"))
        .with_single_cert(vec![own.certificate.clone()], key)
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let shown = Shown::default();
    let seen = Arc::clone(&shown);
    let receiver = Receiver::handling(move |stream| {
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
        async move {
            match acceptor.accept(stream).into_fallible().await {
                Ok(mut stream) => {
                    while read_request(&mut stream).await.is_some() {
                        let certificates = stream.get_ref().1.peer_certificates();
                        seen.lock().push(certificates.map(|chain| chain[0].clone().into_owned()));
                        stream.write_all(OK).await.expect("the sender reads");
                    }
                }
                // What was sent meanwhile is read: a reset would overtake the alert that says why.
                Err((_, mut stream)) => drop(stream.read_to_end(&mut Vec::new()).await),
            }
        }
    })
    .await;
    (receiver, shown)
}

#[tokio::test]
async fn a_receiver_that_insists_is_shown_the_certificate_and_refuses_who_has_none() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let (own, client, stranger) = (Pair::new(), Pair::new(), Pair::new());
        let (receiver, shown) = receiver(&own, &[&client], true, version).await;
        let sender = trusting(own.certificate.clone());
        let plain = request(&receiver.url_by_name("https"), AMPLE);
        let accepted = Request { identity: client.identity(), ..plain.clone() };
        assert_eq!(sender.send(accepted).await.failure_reason(), None);
        assert_eq!(*shown.lock(), [Some(client.certificate.clone())]);
        let refused = Request { identity: stranger.identity(), ..plain.clone() };
        for request in [plain, refused] {
            failure(&sender.send(request).await, FailureReason::Tls);
        }
        assert_eq!(shown.lock().len(), 1);
    }
}

#[tokio::test]
async fn neither_connections_nor_sessions_are_shared_with_who_has_another_certificate_or_none() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let (own, first, second) = (Pair::new(), Pair::new(), Pair::new());
        let (receiver, shown) = receiver(&own, &[&first, &second], false, version).await;
        let sender = trusting(own.certificate.clone());
        let plain = request(&receiver.url_by_name("https"), AMPLE);
        for identity in [
            first.identity(),
            None,
            second.identity(),
            first.identity(), // Read anew from the database, and still the same.
            None,
            second.identity(),
        ] {
            let outcome = sender.send(Request { identity, ..plain.clone() }).await;
            assert_eq!(outcome.failure_reason(), None);
        }
        let [first, second] = [first, second].map(|pair| Some(pair.certificate));
        let expected = [first.clone(), None, second.clone(), first, None, second];
        assert_eq!(*shown.lock(), expected);
        assert_eq!(receiver.connections(), 3, "each keeps its own");
    }
}
