//! Generator and receiver against each other, without a server between them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bench::clock::Clock;
use bench::generator::{self, Load, Pace};
use bench::measure::outcome;
use bench::payload::EventPosts;
use bench::receiver::{Answer, Receiver};

const ALL_TIME: std::ops::Range<u64> = 0..u64::MAX;

fn load(target: SocketAddr, pace: Pace, requests: u64) -> Load {
    let duration = Duration::from_secs(30);
    Load { target, pace, first_seq: 100, duration, requests_max: Some(requests) }
}

fn posts(events_per_request: u32) -> EventPosts {
    EventPosts::new("127.0.0.1", &["one".to_owned(), "two".to_owned()], events_per_request)
}

/// One request to a receiver, and the head of its answer.
fn ask(receiver: &Receiver) -> String {
    let mut stream = TcpStream::connect(receiver.address()).expect("it listens");
    let body = r#"{"data":{"seq":"0000000042"}}"#;
    let head = format!("POST /r/3 HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
    // In two pieces, as a network may bring it.
    stream.write_all(head.as_bytes()).expect("the head is taken");
    stream.write_all(body.as_bytes()).expect("the body is taken");
    let mut answer = vec![0; 1024];
    let read = stream.read(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

/// Waits until so many have been noted, or long enough.
fn wait_for(receiver: &Receiver, arrivals: u64) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while receiver.arrived() < arrivals && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn everything_that_a_closed_loop_sends_arrives_once() {
    let clock = Clock::start();
    let receiver = Receiver::start(Answer::Ok, clock).expect("a receiver");
    let closed = load(receiver.address(), Pace::Closed { connections: 8 }, 2_000);
    let running = generator::start(closed, posts(1), clock).expect("a generator");
    let sent = running.finish().expect("the receiver answers");
    assert_eq!((sent.at_ns.len(), sent.unanswered), (2_000, 0));
    // An answer may be there before its arrival is noted.
    wait_for(&receiver, 2_000);
    assert_eq!(sent.refused, 2_000, "a receiver says 200 and only 202 counts as accepted");
    let found = outcome(&sent, &receiver.arrivals(), 1, &ALL_TIME);
    assert_eq!((found.delivered, found.duplicates), (2_000, 0));
    assert!(found.latency.p50_ms > 0.0);
    assert!(receiver.thread().cpu_s() > 0.0, "it has worked");
    assert_eq!((receiver.arrived(), receiver.foreign()), (2_000, 0));
}

#[test]
fn a_receiver_answers_as_it_was_told_and_notes_event_and_lane() {
    let clock = Clock::start();
    for (answer, expected) in [
        (Answer::Ok, "HTTP/1.1 200 "),
        (Answer::BusyForAnHour, "HTTP/1.1 503 "),
        (Answer::ServerError, "HTTP/1.1 500 "),
    ] {
        let receiver = Receiver::start(answer, clock).expect("a receiver");
        let head = ask(&receiver);
        assert!(head.starts_with(expected), "{head}");
        assert_eq!(head.contains("retry-after: 3600\r\n"), answer == Answer::BusyForAnHour);
        wait_for(&receiver, 1);
        let arrivals = receiver.arrivals();
        assert_eq!((arrivals.len(), arrivals[0].seq, arrivals[0].lane), (1, 42, 3));
    }
}

#[test]
fn a_slow_receiver_answers_late_and_takes_others_meanwhile() {
    let clock = Clock::start();
    let delay = Duration::from_millis(300);
    let receiver = Receiver::start(Answer::OkAfter(delay), clock).expect("a receiver");
    let asked = Instant::now();
    let slow = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..20).map(|_| scope.spawn(|| ask(&receiver))).collect();
        asking.into_iter().all(|one| one.join().is_ok_and(|head| head.starts_with("HTTP/1.1 200")))
    });
    assert!(slow);
    let took = asked.elapsed();
    assert!(took >= delay && took < delay * 10, "twenty at once take one delay, not {took:?}");
}

#[test]
fn an_open_loop_does_not_slow_down_for_a_server_that_never_answers() {
    // It accepts connections through its backlog and reads nothing.
    let stalled = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = stalled.local_addr().expect("its address");
    let clock = Clock::start();
    let open = load(target, Pace::Open { per_second: 400.0 }, 100);
    let started = Instant::now();
    let running = generator::start(open, posts(1), clock).expect("a generator");
    // Broken off by the end of the server, not by the wait for answers.
    let held = std::thread::spawn(move || {
        let peers: Vec<_> = stalled.incoming().take(100).collect();
        (peers.len(), started.elapsed())
    });
    let (peers, after) = held.join().expect("all connect");
    assert_eq!(peers, 100, "a connection for each request that found none free");
    assert!(
        after < Duration::from_secs(5),
        "a hundred at 400/s take a quarter second, not {after:?}"
    );
    let sent = running.finish();
    // The server is gone, so a generator may also fail to connect again; it must not claim success.
    if let Ok(sent) = sent {
        assert_eq!((sent.accepted_count(), sent.unanswered), (0, 100));
    }
}
