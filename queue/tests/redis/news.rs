//! What processes tell each other.

use queue::Queue;
use queue::redis::RedisQueue;

use crate::server::Server;
use crate::world::{fresh_prefix, open, soon};

#[tokio::test]
async fn a_note_is_heard_by_whoever_listens_by_then_and_by_nobody_later() {
    let prefix = fresh_prefix();
    let (telling, first, second) = (open(&prefix), open(&prefix), open(&prefix));
    assert_eq!(telling.announce(b"lost").await.expect("the queue is up"), 0);
    for listening in [&first, &second] {
        assert_eq!(soon(listening.announced()).await, None, "something may have been missed");
    }
    for note in [&b"1"[..], b"\0\xff"] {
        assert_eq!(telling.announce(note).await.expect("the queue is up"), 2);
    }
    for listening in [&first, &second] {
        assert_eq!(soon(listening.announced()).await.as_deref(), Some(&b"1"[..]));
        assert_eq!(soon(listening.announced()).await.as_deref(), Some(&b"\0\xff"[..]));
    }
    let elsewhere = open(&fresh_prefix());
    assert_eq!(elsewhere.announce(b"1").await.expect("the queue is up"), 0);
}

#[tokio::test]
async fn who_listens_is_told_when_the_connection_broke_and_hears_again() {
    let server = Server::start();
    let queue = RedisQueue::open(&server.url(), "news").expect("an address");
    assert_eq!(soon(queue.announced()).await, None);
    assert!(server.call_number(&["CLIENT", "KILL", "TYPE", "pubsub"]) > 0);
    assert_eq!(soon(queue.announced()).await, None, "it broke");
    assert_eq!(soon(queue.announced()).await, None, "it is there again");
    assert_eq!(queue.announce(b"1").await.expect("the queue is up"), 1);
    assert_eq!(soon(queue.announced()).await.as_deref(), Some(&b"1"[..]));
}
