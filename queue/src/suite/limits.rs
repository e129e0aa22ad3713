//! Caps, rates, pauses and breakers.

use std::sync::Arc;
use std::time::Duration;

use domain::tenant::RateLimit;
use tokio::time::Instant;

use super::{Bench, due, due_in, ids, ms};
use crate::{Breaker, Class, Feedback, Next, Queue, TenantSettings};

pub async fn requests_in_flight_are_capped_and_the_cap_grows_with_success(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane_with(|settings| settings.max_in_flight = 20).await;
    bench.push(lane, 100).await;
    let mut out = bench.fetch_all().await;
    assert_eq!(out.len(), 8, "before the first success");
    for expected in [16, 20, 20] {
        let one = out.remove(0);
        bench.complete(&[one], Next::Done, Feedback::Success).await;
        out.extend(bench.fetch_all().await);
        assert_eq!(out.len(), expected);
    }
    bench.configure(lane, |settings| settings.max_in_flight = 2).await;
    bench.complete(&out, Next::Done, Feedback::Neutral).await;
    assert_eq!(bench.fetch_all().await.len(), 2, "a lower limit holds at once");
}

pub async fn a_throttled_lane_is_served_less(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane().await;
    bench.push(lane, 60).await;
    for expected in [8, 4, 2, 1, 1] {
        let out = bench.fetch_all().await;
        assert_eq!(out.len(), expected);
        bench.complete(&out[..1], Next::Done, Feedback::Throttled).await;
        bench.done(&out[1..]).await;
    }
}

pub async fn a_lane_is_paused_and_resumed(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane_with(|settings| settings.paused = true).await;
    let pushed = bench.push(lane, 2).await;
    bench.expect_nothing().await;
    bench.configure(lane, |_| {}).await;
    let tickets = bench.fetch(1).await;
    assert_eq!(ids(&tickets), pushed[..1]);
    bench.configure(lane, |settings| settings.paused = true).await;
    bench.complete(&tickets, due_in(Duration::ZERO), Feedback::Neutral).await;
    bench.expect_nothing().await;
    bench.configure(lane, |_| {}).await;
    assert_eq!(bench.fetch(2).await.len(), 2);
}

pub async fn a_suspended_tenant_waits_with_all_its_lanes(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let other = Bench { tenant: super::tenant(), ..bench.clone() };
    let suspended = |suspended| TenantSettings { suspended, rate_limit: None };
    bench.queue.configure_tenant(bench.tenant, suspended(true)).await.expect("the queue is up");
    let lanes = [bench.lane().await, bench.lane().await];
    for lane in lanes {
        bench.push(lane, 1).await;
    }
    let neighbour = other.lane().await;
    other.push(neighbour, 1).await;
    assert_eq!(bench.fetch_one().await.lane, neighbour);
    bench.expect_nothing().await;
    bench.queue.configure_tenant(bench.tenant, suspended(false)).await.expect("the queue is up");
    assert_eq!(bench.fetch(2).await.len(), 2);
}

pub async fn older_settings_are_ignored(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench
        .lane_with(|settings| {
            settings.revision = 7;
            settings.paused = true;
        })
        .await;
    bench.push(lane, 1).await;
    bench.configure(lane, |settings| settings.revision = 6).await;
    bench.expect_nothing().await;
    bench.configure(lane, |settings| settings.revision = 7).await;
    assert_eq!(bench.fetch(1).await.len(), 1, "the same revision applies: it mends what differs");
}

pub async fn an_open_breaker_lets_one_probe_out(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let open = |after| Breaker::Open { probe_after: ms(after) };
    let start = Instant::now();
    let lane = bench.lane_with(|settings| settings.breaker = open(300)).await;
    let retry = due(lane, Class::Retry, Duration::ZERO);
    bench.push_these(&[retry]).await;
    bench.push(lane, 3).await;
    bench.expect_nothing().await;
    let probe = bench.fetch_one().await;
    assert!(start.elapsed() >= ms(299), "the probe went out early, after {:?}", start.elapsed());
    assert_eq!(
        (probe.delivery, probe.probe),
        (Some(retry.delivery), true),
        "the oldest, of whatever class"
    );
    bench.expect_nothing().await;
    let released = Next::DueIn { delay: Duration::ZERO, class: Class::Retry };
    bench.complete(&[probe], released, Feedback::Unattempted).await;
    let probe = bench.fetch_one().await;
    assert!(probe.probe, "what was not sent is replaced");
    bench.complete(&[probe], due_in(Duration::ZERO), Feedback::Neutral).await;
    bench.expect_nothing().await;
    assert_eq!(bench.stats().await.lanes_open, 1);
    bench.configure(lane, |settings| settings.breaker = open(0)).await;
    assert!(bench.fetch_one().await.probe, "new settings allow the next probe");
    bench.expect_nothing().await;
}

pub async fn a_closing_breaker_starts_with_one_request_in_flight(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane =
        bench.lane_with(|settings| settings.breaker = Breaker::Open { probe_after: ms(0) }).await;
    bench.push(lane, 20).await;
    let probe = bench.fetch_one().await;
    bench.configure(lane, |_| {}).await;
    bench.complete(&[probe], Next::Done, Feedback::Success).await;
    for expected in [1, 2, 4] {
        let out = bench.fetch_all().await;
        assert_eq!(out.len(), expected);
        assert!(out.iter().all(|ticket| !ticket.probe));
        bench.complete(&out[..1], Next::Done, Feedback::Success).await;
        bench.done(&out[1..]).await;
    }
}

pub async fn rates_of_lane_and_tenant_both_hold(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let limit =
        |per_second, burst| RateLimit::new(per_second, Some(burst)).expect("within the limits");
    let of_tenant = TenantSettings { suspended: false, rate_limit: Some(limit(20.0, 5)) };
    bench.queue.configure_tenant(bench.tenant, of_tenant).await.expect("the queue is up");
    let limited = bench.lane_with(|settings| settings.rate_limit = Some(limit(10.0, 2))).await;
    let free = bench.lane().await;
    let start = Instant::now();
    bench.push(limited, 7).await;
    bench.push(free, 8).await;
    let mut taken = Vec::new();
    while taken.len() < 15 {
        let tickets = bench.fetch(1).await;
        bench.complete(&tickets, Next::Done, Feedback::Success).await;
        taken.push((tickets[0].lane, start.elapsed()));
    }
    let of_lane: Vec<_> =
        taken.iter().filter(|(lane, _)| *lane == limited).map(|(_, at)| *at).collect();
    assert_eq!(of_lane.len(), 7);
    // Two at once and then one each 100 ms; five at once and then one each 50 ms.
    assert!(of_lane[6] >= ms(499), "the lane's rate was exceeded: {of_lane:?}");
    assert!(taken[14].1 >= ms(499), "the tenant's rate was exceeded: {taken:?}");
    assert!(taken[14].1 <= ms(900), "tokens were lost: {taken:?}");
}
