//! What is an answer, and what is kept of it.

use std::time::{Duration, Instant};

use domain::outcome::{FailureReason, HttpVersion};
use tokio::io::AsyncWriteExt;

use crate::receiver::{Receiver, read_request};
use crate::{AMPLE, answer, failure, request, send, sender};

#[tokio::test]
async fn every_status_is_an_answer() {
    for (status, reason) in [
        (200, None),
        (204, None),
        (299, None),
        (400, Some(FailureReason::HttpStatus)),
        (410, Some(FailureReason::Gone)),
        (429, Some(FailureReason::HttpStatus)),
        (500, Some(FailureReason::HttpStatus)),
        (599, Some(FailureReason::HttpStatus)),
    ] {
        let receiver =
            Receiver::answering(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")).await;
        let outcome = send(&receiver.url()).await;
        assert_eq!(outcome.status(), Some(status));
        assert_eq!(outcome.failure_reason(), reason);
        assert_eq!(outcome.http_version, Some(HttpVersion::Http11));
        assert_eq!(outcome.remote_ip, Some([127, 0, 0, 1].into()));
    }
}

#[tokio::test]
async fn the_request_carries_what_it_was_given_and_no_more() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    send(&receiver.url()).await;
    let requests = receiver.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").expect("a whole request");
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /hook?token=s3cret HTTP/1.1"));
    let mut names: Vec<_> = lines.filter_map(|line| line.split(':').next()).collect();
    names.sort_unstable();
    let expected = ["accept", "content-length", "content-type", "host", "user-agent", "webhook-id"];
    assert_eq!(names, expected);
    assert!(head.contains("user-agent: Posthaste/test"));
    assert_eq!(body, "{\"id\":\"evt_1\"}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let location = target.url();
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let outcome = send(&receiver.url()).await;
        assert_eq!(outcome.status(), Some(status));
        assert_eq!(outcome.failure_reason(), Some(FailureReason::HttpStatus));
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn headers_are_kept_as_they_came_but_for_cookies() {
    let head = b"HTTP/1.1 503 X\r\nSet-Cookie: session=1\r\nRetry-After: 120\r\nX-Odd: \xff\xfe caf\xc3\xa9\r\n\
                 content-length: 4\r\n\r\n\0\xffab";
    let receiver = Receiver::answering(head.to_vec()).await;
    let outcome = send(&receiver.url()).await;
    let answer = answer(&outcome);
    let odd = ("x-odd".to_owned(), b"\xff\xfe caf\xc3\xa9".to_vec());
    assert!(answer.headers.contains(&odd), "{:?}", answer.headers);
    assert!(!answer.headers.iter().any(|(name, _)| name == "set-cookie"));
    assert_eq!(answer.retry_after.as_deref(), Some(b"120".as_slice()));
    assert_eq!(answer.body, b"\0\xffab");
    assert!(!answer.truncated);
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let receiver = Receiver::answering(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08"
            .to_vec(),
    )
    .await;
    assert_eq!(answer(&send(&receiver.url()).await).body, b"\x1f\x8b\x08");
}

#[tokio::test]
async fn of_a_large_body_the_first_4_kib_are_kept() {
    for (bytes, truncated) in
        [(4096, false), (4097, true), (64 * 1024, true), (64 * 1024 + 1, true), (1_000_000, true)]
    {
        let mut whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
        whole.resize(whole.len() + bytes, b'x');
        let receiver = Receiver::answering(whole).await;
        let outcome = send(&receiver.url()).await;
        assert_eq!(outcome.failure_reason(), None, "{bytes}");
        assert_eq!(answer(&outcome).body, vec![b'x'; 4096], "{bytes}");
        assert_eq!(answer(&outcome).truncated, truncated, "{bytes}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    for body in
        ["content-length: 9\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz"]
    {
        let receiver = Receiver::answering_and_closing(format!("HTTP/1.1 200 OK\r\n{body}")).await;
        let outcome = send(&receiver.url()).await;
        assert_eq!(outcome.failure_reason(), None);
        assert_eq!(answer(&outcome).body, b"half");
        assert!(answer(&outcome).truncated);
    }
}

/// Sends headers at once, then a byte every few milliseconds for ever.
async fn dripping() -> Receiver {
    Receiver::handling(|mut stream| async move {
        read_request(&mut stream).await;
        let mut next: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        while stream.write_all(next).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            next = b"1\r\nx\r\n";
        }
    })
    .await
}

#[tokio::test]
async fn a_dripping_body_is_read_for_a_second() {
    let receiver = dripping().await;
    let began = Instant::now();
    let outcome = send(&receiver.url()).await;
    let took = began.elapsed();
    assert_eq!(outcome.failure_reason(), None);
    assert!(answer(&outcome).truncated && !answer(&outcome).body.is_empty());
    assert!(took >= Duration::from_millis(990) && took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_body_is_never_read_past_the_timeout() {
    let receiver = dripping().await;
    let outcome = sender().send(request(&receiver.url(), Duration::from_millis(300))).await;
    assert_eq!(outcome.failure_reason(), None, "the headers were in time");
    // A byte every 20 ms: 15 within the timeout, 50 within the second that a body may take.
    let bytes = answer(&outcome).body.len();
    assert!(bytes <= 20, "{bytes} bytes were read");
}

#[tokio::test]
async fn headers_count_by_their_bytes() {
    for (count, value_bytes, fits) in [
        (150, 10, true),
        (1000, 20, true),
        (15, 4096, true),
        (17, 4096, false),
        (1, 70_000, false),
        (1, 1_000_000, false),
        (5000, 2, false),
    ] {
        let mut head = String::from("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n");
        for index in 0..count {
            head.push_str(&format!("x-{index}: {}\r\n", "v".repeat(value_bytes)));
        }
        head.push_str("\r\n");
        let receiver = Receiver::answering(head).await;
        let outcome = sender().send(request(&receiver.url(), AMPLE)).await;
        if fits {
            assert_eq!(outcome.failure_reason(), None, "{count} of {value_bytes}");
        } else {
            failure(&outcome, FailureReason::ResponseTooLarge);
        }
        assert_eq!(outcome.remote_ip, Some([127, 0, 0, 1].into()));
    }
}

#[tokio::test]
async fn http_1_0_and_interim_answers_are_understood() {
    let receiver = Receiver::answering_and_closing("HTTP/1.0 200 OK\r\n\r\nto the end").await;
    let outcome = send(&receiver.url()).await;
    assert_eq!(outcome.http_version, Some(HttpVersion::Http10));
    assert_eq!(answer(&outcome).body, b"to the end");
    let receiver = Receiver::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 202 X\r\n\
         content-length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(send(&receiver.url()).await.status(), Some(202));
}
