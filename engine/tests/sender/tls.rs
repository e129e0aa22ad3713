//! Encrypted connections: whom they trust, what they speak.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::address::EgressPolicy;
use domain::outcome::{FailureReason, HttpVersion};
use engine::sender::{Options, Sender, install_crypto};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use crate::receiver::{Receiver, read_request};
use crate::{AMPLE, answer, failure, request, sender};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A certificate for these names, and an acceptor that shows it and speaks `alpn`.
pub(crate) fn acceptor(names: &[&str], alpn: &[&[u8]]) -> (CertificateDer<'static>, TlsAcceptor) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    acceptor_showing(CertificateParams::new(names).expect("valid names"), alpn)
}

fn acceptor_showing(
    params: CertificateParams,
    alpn: &[&[u8]],
) -> (CertificateDer<'static>, TlsAcceptor) {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate").der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a fresh key");
    let mut config =
        rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .expect("they belong together");
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    (certificate, TlsAcceptor::from(Arc::new(config)))
}

pub(crate) async fn receiver(acceptor: TlsAcceptor) -> Receiver {
    Receiver::handling(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            while read_request(&mut stream).await.is_some() {
                stream.write_all(OK).await.expect("the sender reads");
            }
        }
    })
    .await
}

pub(crate) fn trusting(root: CertificateDer<'static>) -> Sender {
    let options = Options { extra_roots: vec![root], ..Options::default() };
    let policy = EgressPolicy::default().for_development();
    Sender::with_options(policy, "Posthaste/test".to_owned(), options).expect("a valid root")
}

#[tokio::test]
async fn a_trusted_certificate_is_spoken_to_and_the_handshake_timed() {
    let (root, acceptor) = acceptor(&["localhost"], &[b"http/1.1"]);
    let receiver = receiver(acceptor).await;
    let sender = trusting(root);
    let outcome = sender.send(request(&receiver.url_by_name("https"), AMPLE)).await;
    assert_eq!(answer(&outcome).body, b"ok");
    assert_eq!(outcome.http_version, Some(HttpVersion::Http11));
    assert_eq!(outcome.remote_ip, Some([127, 0, 0, 1].into()));
    let timing = outcome.timing;
    assert!(timing.connect.is_some() && timing.tls.is_some_and(|tls| !tls.is_zero()), "{timing:?}");
    let parts = [timing.dns, timing.connect, timing.tls, timing.first_byte].into_iter().flatten();
    assert!(parts.sum::<Duration>() <= timing.total, "{timing:?}");
    let again = sender.send(request(&receiver.url_by_name("https"), AMPLE)).await;
    assert_eq!(again.timing.tls, None);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_untrusted_certificate_is_a_tls_failure() {
    let (_, acceptor) = acceptor(&["localhost"], &[b"http/1.1"]);
    let receiver = receiver(acceptor).await;
    let outcome = sender().send(request(&receiver.url_by_name("https"), AMPLE)).await;
    let failure = failure(&outcome, FailureReason::Tls);
    assert!(failure.error.contains("certificate"), "{}", failure.error);
    assert!(outcome.timing.connect.is_some() && outcome.timing.tls.is_some());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_a_tls_failure() {
    let (root, acceptor) = acceptor(&["receiver.example"], &[b"http/1.1"]);
    let receiver = receiver(acceptor).await;
    let outcome = trusting(root).send(request(&receiver.url_by_name("https"), AMPLE)).await;
    failure(&outcome, FailureReason::Tls);
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_a_tls_failure() {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("valid names");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let (root, acceptor) = acceptor_showing(params, &[b"http/1.1"]);
    let receiver = receiver(acceptor).await;
    let outcome = trusting(root).send(request(&receiver.url_by_name("https"), AMPLE)).await;
    let failure = failure(&outcome, FailureReason::Tls);
    assert!(failure.error.to_lowercase().contains("expired"), "{}", failure.error);
}

/// A ServerHello of this version: no session, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, no compression.
fn server_hello(version: [u8; 2]) -> Vec<u8> {
    let rest = [&[0; 32][..], &[0, 0xc0, 0x13, 0]].concat();
    let [body, record] = [2 + rest.len(), 6 + rest.len()].map(|length| [0, length as u8]);
    [&[22], &version[..], &record, &[2, 0], &body, &version, &rest].concat()
}

#[tokio::test]
async fn tls_before_1_2_is_a_tls_failure() {
    for (version, is_the_reason) in [([3, 1], true), ([3, 2], true), ([3, 3], false)] {
        let receiver = Receiver::handling(move |mut stream| async move {
            let mut first = [0; 1];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.expect("a hello");
            stream.write_all(&server_hello(version)).await.expect("the sender reads");
            read_request(&mut stream).await; // Until the sender gives up.
        })
        .await;
        let outcome = sender().send(request(&receiver.url_by_name("https"), AMPLE)).await;
        let failure = failure(&outcome, FailureReason::Tls);
        let says = failure.error.contains("Tls12Or13");
        assert_eq!(says, is_the_reason, "{version:?}: {}", failure.error);
    }
}

#[tokio::test]
async fn what_speaks_no_tls_is_a_tls_failure() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let receiver = Receiver::handling(move |mut stream| async move {
            let mut first = [0; 1];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.expect("a hello");
            stream.write_all(answer.as_bytes()).await.expect("the sender reads");
        })
        .await;
        let outcome = sender().send(request(&receiver.url_by_name("https"), AMPLE)).await;
        failure(&outcome, FailureReason::Tls);
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_is_a_timeout() {
    let receiver = Receiver::handling(|mut stream| async move {
        read_request(&mut stream).await; // Never one: until the sender gives up.
    })
    .await;
    let request = request(&receiver.url_by_name("https"), Duration::from_millis(200));
    let outcome = sender().send(request).await;
    let failure = failure(&outcome, FailureReason::Timeout);
    assert!(failure.error.contains("TLS"), "{}", failure.error);
}

/// A receiver that speaks HTTP/2 and answers with `headers` headers of 1 KiB each.
async fn http2_receiver(acceptor: TlsAcceptor, headers: usize) -> Receiver {
    let service = move |_: hyper::Request<hyper::body::Incoming>| async move {
        let mut response = hyper::Response::new("ok".to_owned());
        for index in 0..headers {
            let name = format!("x-{index}").parse::<hyper::header::HeaderName>().expect("a name");
            let value = "v".repeat(1024).parse().expect("a value");
            response.headers_mut().insert(name, value);
        }
        Ok::<_, Infallible>(response)
    };
    Receiver::handling(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            // Ends in an error when the test drops its sender: nothing to tell.
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), hyper::service::service_fn(service))
                .await;
        }
    })
    .await
}

#[tokio::test]
async fn http_2_is_spoken_with_those_who_offer_it() {
    let (root, acceptor) = acceptor(&["localhost"], &[b"h2", b"http/1.1"]);
    let receiver = http2_receiver(acceptor, 3).await;
    let sender = trusting(root);
    for _ in 0..5 {
        let outcome = sender.send(request(&receiver.url_by_name("https"), AMPLE)).await;
        assert_eq!(answer(&outcome).body, b"ok");
        assert_eq!(outcome.http_version, Some(HttpVersion::Http2));
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn large_headers_are_refused_over_http_2_too() {
    let (root, acceptor) = acceptor(&["localhost"], &[b"h2"]);
    let receiver = http2_receiver(acceptor, 70).await;
    let outcome = trusting(root).send(request(&receiver.url_by_name("https"), AMPLE)).await;
    failure(&outcome, FailureReason::ResponseTooLarge);
}

#[test]
fn the_provider_of_cryptography_can_be_installed_twice() {
    install_crypto();
    install_crypto();
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}
