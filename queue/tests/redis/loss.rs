//! What happens when Redis stalls, is emptied, or comes back with less than it had.

use std::sync::Arc;
use std::time::Duration;

use queue::redis::RedisQueue;
use queue::{Feedback, LEASE_RENEWAL, LaneSettings, Next, Queue};
use tokio::time::{Instant, timeout};

use crate::server::Server;
use crate::world::{done, fetch_all, lane, push, settings, soon, worker};

fn open(server: &Server) -> Arc<RedisQueue> {
    Arc::new(RedisQueue::open(&server.url(), "loss").expect("the address can be read"))
}

#[tokio::test]
async fn an_emptied_redis_is_noticed_and_what_is_in_flight_is_not_handed_out_again() {
    let server = Server::start();
    let (one, other) = (open(&server), open(&server));
    let settings = settings();
    let (plain, ordered) = (
        lane(&one, settings.clone()).await,
        lane(&one, LaneSettings { ordered: true, ..settings.clone() }).await,
    );
    let due = push(&one, plain, 6).await;
    push(&one, ordered, 2).await;
    let (worker, other_worker) = (worker(10), worker(10));
    let held = fetch_all(&one, worker).await.into_iter().take(4).collect::<Vec<_>>();
    let _rest_is_held_too = fetch_all(&other, other_worker).await;
    let released: Vec<_> = held.iter().map(|ticket| ticket.delivery).collect();
    assert!(timeout(Duration::from_millis(50), one.lost()).await.is_err(), "nothing was lost yet");

    server.call(&["FLUSHALL"]);
    let start = Instant::now();
    // Whoever calls first notices, and the others are told.
    one.configure_lane(plain, settings.clone()).await.expect("the queue is up");
    soon(one.lost()).await;
    soon(other.lost()).await;
    let as_ordered = LaneSettings { ordered: true, ..settings };
    one.configure_lane(ordered, as_ordered).await.expect("the queue is up");
    // The reconciler pushes before the worker's heartbeat comes.
    one.push(&due).await.expect("the queue is up");
    let again = push(&one, ordered, 1).await;
    assert_eq!(one.extend_lease(&held).await.expect("the queue is up"), [], "put back");
    assert_eq!(one.extend_lease(&held).await.expect("the queue is up"), [], "and renewed");

    let tickets = soon(other.fetch(other_worker, 10)).await.expect("the queue is up");
    assert!(start.elapsed() >= LEASE_RENEWAL - Duration::from_millis(1), "{:?}", start.elapsed());
    let mut got: Vec<_> =
        tickets.into_iter().chain(fetch_all(&other, other_worker).await).collect();
    got.retain(|ticket| ticket.lane == plain);
    assert!(got.iter().all(|ticket| !released.contains(&ticket.delivery)), "handed out twice");
    let in_flight_of_plain = held.iter().filter(|ticket| ticket.lane == plain).count();
    assert_eq!(got.len(), due.len() - in_flight_of_plain);
    // What was put back ends as any other.
    one.complete(&done(&held, Feedback::Success)).await.expect("the queue is up");
    other.complete(&done(&got, Feedback::Success)).await.expect("the queue is up");
    one.push(&[due[0]]).await.expect("the queue is up");
    assert_eq!(fetch_all(&one, worker).await.iter().filter(|t| t.lane == plain).count(), 1);
    drop(again);
    // From now on an old ticket is lost as ever.
    assert_eq!(one.extend_lease(&held).await.expect("the queue is up"), held);
}

#[tokio::test]
async fn after_a_restart_from_an_older_snapshot_nothing_in_flight_is_handed_out() {
    let mut server = Server::start();
    let queue = open(&server);
    let lane = lane(&queue, settings()).await;
    let due = push(&queue, lane, 4).await;
    server.call(&["SAVE"]);
    let worker = worker(10);
    let held = soon(queue.fetch(worker, 2)).await.expect("the queue is up");
    assert_eq!(held.len(), 2);
    server.kill();
    server.start_again();
    // What the worker finishes in this time is finished, and not handed out again either.
    soon(queue.lost()).await;
    let start = Instant::now();
    assert_eq!(queue.extend_lease(&held[..1]).await.expect("the queue is up"), []);
    let retry = Next::DueIn { delay: Duration::from_secs(60), class: queue::Class::Retry };
    let later = queue::Completion { ticket: held[1], next: retry, feedback: Feedback::Neutral };
    queue.complete(&[later]).await.expect("the queue is up");
    queue.push(&due).await.expect("the queue is up");
    let mut got = soon(queue.fetch(worker, 10)).await.expect("the queue is up");
    got.extend(fetch_all(&queue, worker).await);
    assert!(start.elapsed() >= LEASE_RENEWAL - Duration::from_secs(1));
    let ids: Vec<_> = got.iter().filter_map(|ticket| ticket.delivery).collect();
    assert_eq!(ids, [due[2].delivery, due[3].delivery]);
    let stats = queue.stats().await.expect("the queue is up");
    assert_eq!((stats.ready, stats.delayed, stats.leased), (0, 1, 3));
}

#[tokio::test]
async fn a_stall_of_less_than_a_second_is_no_error() {
    let server = Server::start();
    let queue = open(&server);
    let lane = lane(&queue, settings()).await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.fetch(worker(10), 10).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.call(&["CLIENT", "PAUSE", "800", "ALL"]);
    let start = Instant::now();
    push(&queue, lane, 1).await;
    assert!(start.elapsed() >= Duration::from_millis(500), "it was not paused");
    let tickets = soon(waiting).await.expect("no panic").expect("the queue is up");
    queue.complete(&done(&tickets, Feedback::Success)).await.expect("the queue is up");
    assert!(timeout(Duration::from_millis(50), queue.lost()).await.is_err(), "nothing is lost");
}

#[tokio::test]
async fn while_redis_is_away_calls_err_and_waiting_goes_on() {
    let mut server = Server::start();
    let queue = open(&server);
    let settings = settings();
    let lane = lane(&queue, settings.clone()).await;
    let [fetching, _refilling] = [true, false].map(|tickets| {
        let queue = queue.clone();
        tokio::spawn(async move {
            if tickets {
                return queue.fetch(worker(10), 10).await;
            }
            queue.wants_refill().await.map(|_| Vec::new())
        })
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(queue.push(&[]).await.is_ok(), "nothing to do is no call");
    assert!(soon(queue.stats()).await.is_err());
    assert!(soon(queue.extend_lease(&[])).await.is_ok());
    assert!(soon(queue.drop_lane(lane)).await.is_err());
    server.start_again();
    soon(queue.lost()).await;
    queue.configure_lane(lane, settings).await.expect("the queue is up again");
    let pushed = push(&queue, lane, 1).await;
    let tickets = soon(fetching).await.expect("no panic").expect("the queue is up again");
    assert_eq!(tickets[0].delivery, Some(pushed[0].delivery));
}

#[tokio::test]
async fn a_queue_that_was_never_there_before_is_served_at_once() {
    let server = Server::start();
    let queue = open(&server);
    let lane = lane(&queue, settings()).await;
    push(&queue, lane, 1).await;
    let served = timeout(LEASE_RENEWAL, queue.fetch(worker(1), 1)).await;
    assert_eq!(served.expect("at once").expect("the queue is up").len(), 1);
    let late = open(&server);
    late.stats().await.expect("the queue is up");
    assert!(timeout(Duration::from_millis(100), late.lost()).await.is_err(), "it was there");
    assert!(timeout(Duration::from_millis(1), queue.lost()).await.is_err());
}

#[tokio::test]
async fn a_full_redis_refuses_pushes_and_lets_the_rest_go_on() {
    let server = Server::start();
    let queue = open(&server);
    let lane = lane(&queue, settings()).await;
    let due = push(&queue, lane, 3).await;
    let worker = worker(2);
    let held = queue.fetch(worker, 1).await.expect("the queue is up");
    server.call(&["CONFIG", "SET", "maxmemory", "1"]);
    let another = queue::Due { delivery: domain::ids::DeliveryId(uuid::Uuid::now_v7()), ..due[0] };
    assert!(queue.push(&[another]).await.is_err());
    assert_eq!(queue.extend_lease(&held).await.expect("the queue is up"), []);
    queue.complete(&done(&held, Feedback::Success)).await.expect("the queue is up");
    let rest = soon(queue.fetch(worker, 2)).await.expect("the queue is up");
    assert_eq!(rest.len(), 2);
    queue.complete(&done(&rest, Feedback::Success)).await.expect("the queue is up");
    let nothing = timeout(Duration::from_millis(100), queue.fetch(worker, 2)).await;
    assert!(nothing.is_err());
    server.call(&["CONFIG", "SET", "maxmemory", "0"]);
    queue.push(&[another]).await.expect("the queue is up");
    assert_eq!(soon(queue.fetch(worker, 2)).await.expect("the queue is up").len(), 1);
}
