//! Connections: kept while their check is good, given up afterwards, timed when they are made.

use std::time::{Duration, Instant};

use domain::address::EgressPolicy;
use engine::sender::{Options, Sender};

use crate::receiver::Receiver;
use crate::{AMPLE, answer, request, sender};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn ten_requests_share_one_connection() {
    let receiver = Receiver::answering(OK).await;
    let sender = sender();
    for _ in 0..10 {
        let outcome = sender.send(request(&receiver.url(), AMPLE)).await;
        assert_eq!(answer(&outcome).body, b"ok");
    }
    assert_eq!(receiver.connections(), 1);
    assert_eq!(receiver.requests().len(), 10);
}

#[tokio::test]
async fn a_body_that_is_cut_off_takes_its_connection_down() {
    let mut large = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".to_vec();
    large.resize(large.len() + 1_000_000, b'x');
    let receiver = Receiver::answering(large).await;
    let sender = sender();
    for _ in 0..3 {
        let outcome = sender.send(request(&receiver.url(), AMPLE)).await;
        assert_eq!(outcome.failure_reason(), None);
    }
    assert_eq!(receiver.connections(), 3);
}

#[tokio::test]
async fn a_connection_is_given_up_when_its_check_expires() {
    let receiver = Receiver::answering(OK).await;
    let checked_for = Duration::from_millis(200);
    let sender = Sender::with_options(
        EgressPolicy::default().for_development(),
        "Posthaste/test".to_owned(),
        Options { checked_for, ..Options::default() },
    )
    .expect("plain settings");
    let began = Instant::now();
    // Steady use keeps nothing alive beyond its time.
    while receiver.connections() < 4 {
        let outcome = sender.send(request(&receiver.url(), AMPLE)).await;
        assert_eq!(outcome.failure_reason(), None);
        assert!(began.elapsed() < AMPLE, "the connection was never replaced");
    }
    assert!(began.elapsed() >= checked_for * 3 / 2, "each lives for half of it at least");
    assert!(receiver.requests().len() > 8, "and is used until then");
}

#[tokio::test]
async fn times_are_told_for_the_request_that_connected() {
    let receiver = Receiver::answering(OK).await;
    let sender = sender();
    let url = receiver.url_by_name("http");
    let first = sender.send(request(&url, AMPLE)).await.timing;
    assert!(
        first.dns.is_some() && first.connect.is_some() && first.first_byte.is_some(),
        "{first:?}"
    );
    assert_eq!(first.tls, None, "plain http");
    let parts = [first.dns, first.connect, first.first_byte].into_iter().flatten();
    assert!(parts.sum::<Duration>() <= first.total, "{first:?}");
    let second = sender.send(request(&url, AMPLE)).await.timing;
    assert_eq!((second.dns, second.connect, second.tls), (None, None, None));
    assert!(second.first_byte.is_some_and(|first_byte| first_byte <= second.total));
}

#[tokio::test]
async fn a_literal_address_needs_no_lookup() {
    let receiver = Receiver::answering(OK).await;
    let timing = sender().send(request(&receiver.url(), AMPLE)).await.timing;
    assert_eq!(timing.dns, None);
    assert!(timing.connect.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once_are_all_answered() {
    let receiver = Receiver::answering(OK).await;
    let (sender, url) = (sender(), receiver.url_by_name("http"));
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let (sender, request) = (sender.clone(), request(&url, AMPLE));
            tokio::spawn(async move { sender.send(request).await.failure_reason() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), None);
    }
    assert_eq!(receiver.requests().len(), 200);
}
