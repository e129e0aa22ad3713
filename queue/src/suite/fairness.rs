//! Turns, classes and shares of a worker's slots.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, due, tenant, worker};
use crate::{Class, Feedback, Next, Queue, SLOW_AFTER};

pub async fn tenants_are_served_in_turn(queue: Arc<dyn Queue>) {
    let busy = Bench::new(queue.clone());
    let quiet = Bench { tenant: tenant(), ..busy.clone() };
    for _ in 0..5 {
        let lane = busy.lane().await;
        busy.push(lane, 20).await;
    }
    busy.done(&busy.fetch(3).await).await;
    let lane = quiet.lane().await;
    quiet.push(lane, 4).await;
    let tickets = busy.fetch(8).await;
    let turns: Vec<_> = tickets.iter().map(|ticket| ticket.lane == lane).collect();
    assert_eq!(turns, [true, false, true, false, true, false, true, false]);
}

pub async fn lanes_of_a_tenant_are_served_in_turn(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lanes = [bench.lane().await, bench.lane().await, bench.lane().await];
    for lane in lanes {
        bench.push(lane, 4).await;
    }
    let tickets = bench.fetch(12).await;
    for round in tickets.chunks(3) {
        for lane in lanes {
            assert_eq!(round.iter().filter(|ticket| ticket.lane == lane).count(), 1, "{round:?}");
        }
    }
}

/// More than are kept in one place: the ring grows, shrinks, and grows again.
pub async fn many_lanes_of_a_tenant_are_served_in_turn(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let mut lanes = Vec::new();
    for _ in 0..20 {
        lanes.push(bench.lane().await);
    }
    for _ in 0..3 {
        for lane in &lanes {
            bench.push(*lane, 2).await;
        }
        let mut order = Vec::new();
        for _ in 0..8 {
            let tickets = bench.fetch(5).await;
            order.extend(tickets.iter().map(|ticket| ticket.lane));
            bench.done(&tickets).await;
        }
        let (first, second) = order.split_at(lanes.len());
        assert_eq!(first, second, "in the same order again");
        let mut each = first.to_vec();
        each.sort_unstable();
        each.dedup();
        assert_eq!(each.len(), lanes.len(), "each once before anybody twice");
    }
    bench.expect_nothing().await;
}

pub async fn later_classes_get_every_tenth_turn(queue: Arc<dyn Queue>) {
    let bench = Bench::new(queue);
    let lane = bench.lane_with(|settings| settings.max_in_flight = 1).await;
    let of = |class, count| (0..count).map(move |_| due(lane, class, Duration::ZERO));
    let all: Vec<_> =
        of(Class::Replay, 5).chain(of(Class::Retry, 5)).chain(of(Class::First, 60)).collect();
    bench.push_these(&all).await;
    let mut classes = Vec::new();
    for _ in 0..50 {
        let tickets = bench.fetch(1).await;
        classes.push(tickets[0].class);
        bench.done(&tickets).await;
    }
    for ten in classes.windows(10) {
        assert!(ten.contains(&Class::Retry) && ten.contains(&Class::Replay), "{classes:?}");
    }
    assert_eq!(classes[..8], [Class::First; 8], "but first tries go first");
    let first = classes.iter().filter(|class| **class == Class::First).count();
    assert!(first >= 38, "{first} of 50 were first tries");
}

pub async fn a_tenant_takes_at_most_a_quarter_of_the_slots_while_others_wait(
    queue: Arc<dyn Queue>,
) {
    let mut big = Bench::new(queue);
    big.worker = worker(16);
    let small = Bench { tenant: tenant(), ..big.clone() };
    for _ in 0..4 {
        let lane = big.lane().await;
        big.push(lane, 16).await;
    }
    let alone = big.fetch_all().await;
    assert_eq!(alone.len(), 16, "alone, it takes all slots and no more");
    let lane = small.lane().await;
    small.push(lane, 2).await;
    big.done(&alone[..1]).await;
    assert_eq!(big.fetch_one().await.lane, lane, "the next free slot is the other's");
    big.done(&alone[1..]).await;
    let mut rest = big.fetch_all().await;
    assert_eq!(rest.len(), 15, "when nobody else waits any more, it takes all again");
    rest.retain(|ticket| ticket.lane != lane);
    big.done(&rest).await;

    // With two that wait, each holds a quarter and the rest stays free for a third.
    big.done(&big.fetch_all().await).await;
    let (lanes, third) =
        ([big.lane().await, big.lane().await], Bench { tenant: tenant(), ..big.clone() });
    let other = small.lane().await;
    for lane in lanes {
        big.push(lane, 20).await;
    }
    small.push(other, 40).await;
    let held = big.fetch_all().await;
    let of_big = held.iter().filter(|ticket| ticket.lane != other).count();
    assert!(
        of_big <= 4 && held.len() - of_big <= 4,
        "{of_big} and {} of 16 slots",
        held.len() - of_big
    );
    let lane = third.lane().await;
    third.push(lane, 1).await;
    assert_eq!(third.fetch_one().await.lane, lane);
}

pub async fn slow_lanes_take_at_most_half_of_the_slots_while_others_wait(queue: Arc<dyn Queue>) {
    let mut bench = Bench::new(queue);
    bench.worker = worker(8);
    let tenants: Vec<_> = (0..5).map(|_| Bench { tenant: tenant(), ..bench.clone() }).collect();
    for slow in &tenants[..4] {
        let lane = slow.lane().await;
        slow.push(lane, 40).await;
    }
    // Each lane holds one that is not answered.
    let held = bench.fetch(4).await;
    tokio::time::sleep(SLOW_AFTER + Duration::from_millis(50)).await;
    let quick = tenants[4].lane().await;
    tenants[4].push(quick, 40).await;
    let more = bench.fetch(2).await;
    assert!(
        more.iter().all(|ticket| ticket.lane == quick),
        "the slow lanes hold their half: {more:?}"
    );
    bench.expect_nothing().await;
    bench.complete(&held[..1], Next::Done, Feedback::Success).await;
    assert_ne!(bench.fetch_one().await.lane, quick, "a slow lane gets the slot it gave back");
    // Paused, the quick lane waits for nothing: the slow ones may have what is free.
    tenants[4].configure(quick, |settings| settings.paused = true).await;
    assert_eq!(bench.fetch(2).await.len(), 2);
}

pub async fn slow_lanes_leave_the_last_eighth_of_the_slots_free(queue: Arc<dyn Queue>) {
    let mut slow = Bench::new(queue);
    slow.worker = worker(16);
    let quick = Bench { tenant: tenant(), ..slow.clone() };
    let lane = slow.lane().await;
    slow.push(lane, 60).await;
    let held = slow.fetch_all().await;
    tokio::time::sleep(SLOW_AFTER + Duration::from_millis(50)).await;
    // With every request answered nothing is old any more, but the lane is still known to be slow.
    slow.complete(&held, Next::Done, Feedback::Success).await;
    assert_eq!(slow.fetch_all().await.len(), 14);
    let lane = quick.lane().await;
    quick.push(lane, 2).await;
    let tickets = quick.fetch(2).await;
    assert!(tickets.iter().all(|ticket| ticket.lane == lane));
}
