//! Exchanges without an answer, and what they are called.

use std::time::{Duration, Instant};

use domain::limits;
use domain::outcome::FailureReason;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::receiver::{Receiver, read_request};
use crate::{failure, request, send, sender};

#[tokio::test]
async fn no_complete_headers_in_time_is_a_timeout() {
    for sent in ["", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"] {
        let receiver = Receiver::handling(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(sent.as_bytes()).await.expect("the sender waits");
            read_request(&mut stream).await; // Until the sender gives up.
        })
        .await;
        let began = Instant::now();
        let outcome = sender().send(request(&receiver.url(), Duration::from_millis(200))).await;
        let failure = failure(&outcome, FailureReason::Timeout);
        assert!(failure.error.contains("200 ms"), "{}", failure.error);
        assert!(outcome.timing.total >= Duration::from_millis(200));
        assert!(began.elapsed() < Duration::from_secs(5));
        assert_eq!(outcome.remote_ip, Some([127, 0, 0, 1].into()));
        assert!(outcome.timing.connect.is_some() && outcome.timing.first_byte.is_none());
    }
}

#[tokio::test]
async fn headers_that_drip_are_a_timeout_too() {
    let receiver = Receiver::handling(|mut stream| async move {
        read_request(&mut stream).await;
        let mut next: &[u8] = b"HTTP/1.1 200 OK\r\nx-drip: ";
        while stream.write_all(next).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            next = b"x";
        }
    })
    .await;
    let outcome = sender().send(request(&receiver.url(), Duration::from_millis(300))).await;
    failure(&outcome, FailureReason::Timeout);
}

#[tokio::test]
async fn what_is_no_http_is_a_protocol_failure() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "garbage\r\n\r\n",
        "\0\0\0\0\0\0\0\0",
        "HTTP/1.1 abc X\r\n\r\n",
        "HTTP/1.1 99999 X\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ] {
        let receiver = Receiver::answering_and_closing(garbage).await;
        let outcome = send(&receiver.url()).await;
        failure(&outcome, FailureReason::Protocol);
        assert_eq!(outcome.remote_ip, Some([127, 0, 0, 1].into()), "{garbage:?}");
    }
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_a_protocol_failure() {
    for sent in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let receiver = Receiver::answering_and_closing(sent).await;
        let outcome = send(&receiver.url()).await;
        let failure = failure(&outcome, FailureReason::Protocol);
        assert!(failure.error.contains("closed"), "{}", failure.error);
        assert_eq!(receiver.connections(), 1, "not tried again");
    }
}

#[tokio::test]
async fn a_kept_connection_that_closes_under_a_request_is_a_protocol_failure() {
    let receiver = Receiver::handling(|mut stream| async move {
        read_request(&mut stream).await;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.expect("the sender reads");
        read_request(&mut stream).await;
    })
    .await;
    let sender = sender();
    let first = sender.send(request(&receiver.url(), crate::AMPLE)).await;
    assert_eq!(first.failure_reason(), None);
    let second = sender.send(request(&receiver.url(), crate::AMPLE)).await;
    failure(&second, FailureReason::Protocol);
    assert_eq!(second.timing.connect, None, "it was not connected for this request");
    assert_eq!(second.remote_ip, Some([127, 0, 0, 1].into()));
    let third = sender.send(request(&receiver.url(), crate::AMPLE)).await;
    assert_eq!(third.failure_reason(), None, "on a connection of its own");
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_refused_port_is_a_connect_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let outcome = send(&format!("http://{address}/?token=s3cret")).await;
    let failure = failure(&outcome, FailureReason::Connect);
    assert!(failure.error.contains("refused"), "{}", failure.error);
    assert!(!failure.error.contains("s3cret"));
    assert_eq!(outcome.timing.dns, None);
}

#[tokio::test]
async fn an_unknown_name_is_a_dns_failure() {
    let outcome = send("http://no-such-receiver.invalid/?token=s3cret").await;
    let failure = failure(&outcome, FailureReason::Dns);
    assert!(!failure.error.contains("s3cret"));
    assert!(outcome.timing.dns.is_some() && outcome.timing.connect.is_none());
    assert_eq!(outcome.remote_ip, None);
}

#[tokio::test]
async fn failure_texts_are_bounded_and_without_the_url() {
    let long = format!("HTTP/1.1 {} X\r\n\r\n", "9".repeat(5000));
    let receiver = Receiver::answering_and_closing(long).await;
    let outcome = send(&receiver.url()).await;
    let failure = failure(&outcome, FailureReason::Protocol);
    assert!(!failure.error.is_empty() && failure.error.chars().count() <= limits::ERROR_CHARS);
    assert!(!failure.error.contains("s3cret") && !failure.error.contains("/hook"));
}
