//! A fast tenant beside others that are slow, far behind, or both: the core on virtual time, with
//! receivers that answer when they would.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::memory::lanes::Lanes;
use queue::memory::moment::Moment;
use queue::{Class, Completion, Due, Feedback, Next, Refill, RefillRequest, Ticket, WorkerSlots};
use uuid::Uuid;

const WORKER: WorkerSlots = WorkerSlots { worker: Uuid::from_u128(7), slots: 1024 };
const FAST: u128 = 1;
const BACKLOG: u128 = 2;
const FIRST_SLOW: u128 = 100;

/// A worker, its receivers, and the database's backlog of one lane.
struct World {
    lanes: Lanes,
    now: Moment,
    answers: BTreeMap<(Moment, u64), Ticket>,
    backlog: u128,
    waited: Vec<Duration>,
    handed_out: BTreeMap<SubscriptionId, usize>,
}

impl World {
    fn new() -> Self {
        Self {
            lanes: Lanes::new(),
            now: Moment::default(),
            answers: BTreeMap::new(),
            backlog: 0,
            waited: Vec::new(),
            handed_out: BTreeMap::new(),
        }
    }

    fn lane(&mut self, lane: u128, tenant: u128) {
        let settings = queue::suite::settings(TenantId(Uuid::from_u128(tenant)));
        self.lanes.configure_lane(id(lane), settings, self.now);
    }

    fn push(&mut self, lane: u128, from: u128, count: u128) {
        let due: Vec<_> = (from..from + count).map(|number| due(lane, number)).collect();
        self.lanes.push(&due, self.now);
    }

    /// Runs for `time`, pushing one delivery of the fast lane every 50 ms.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut next_push = self.now;
        let mut pushed = 0;
        while self.now < end {
            if self.now >= next_push {
                pushed += 1;
                self.push(FAST, pushed, 1);
                next_push = self.now + Duration::from_millis(50);
            }
            self.answer_what_is_due();
            self.fetch();
            self.refill();
            let answer = self.answers.first_key_value().map(|((at, _), _)| *at);
            // As the shell does: to the core's alarm, to the next answer, or to the next push.
            let wakes =
                [self.lanes.next_wake(), self.lanes.next_refill_wake(), answer, Some(next_push)];
            self.now = wakes.into_iter().flatten().filter(|at| *at > self.now).min().unwrap_or(end);
        }
    }

    fn answer_what_is_due(&mut self) {
        while let Some(entry) = self.answers.first_entry().filter(|entry| entry.key().0 <= self.now)
        {
            let completion = Completion {
                ticket: entry.remove(),
                next: Next::Done,
                feedback: Feedback::Success,
            };
            self.lanes.complete(&[completion], self.now);
        }
        let out: Vec<_> = self.answers.values().copied().collect();
        assert!(self.lanes.extend_lease(&out, self.now).is_empty(), "a lease was lost");
    }

    fn fetch(&mut self) {
        for ticket in self.lanes.fetch(WORKER, 256, self.now) {
            let takes = match ticket.lane {
                lane if lane == id(FAST) => Duration::from_millis(2),
                lane if lane == id(BACKLOG) => Duration::from_secs(5),
                _ => Duration::from_secs(15),
            };
            if ticket.lane == id(FAST) {
                self.waited.push(ticket.waited);
            }
            *self.handed_out.entry(ticket.lane).or_default() += 1;
            self.answers.insert((self.now + takes, ticket.lease.0), ticket);
        }
    }

    /// The database holds `BACKLOG`'s deliveries in order, and those handed out are at its front.
    fn refill(&mut self) {
        while self.lanes.has_refills() {
            for request in self.lanes.wants_refill(self.now) {
                let RefillRequest { lane, limit, .. } = request;
                assert_eq!(lane, id(BACKLOG));
                let out = self.answers.values().filter(|ticket| ticket.lane == lane).count();
                let done = self.handed_out.get(&lane).copied().unwrap_or_default() - out;
                let rows = (done as u128..self.backlog)
                    .take(limit)
                    .map(|number| due(BACKLOG, number))
                    .collect();
                let beyond = (done + limit < self.backlog as usize).then_some(Duration::ZERO);
                self.lanes.refill(&Refill { request, due: rows, beyond }, self.now);
            }
        }
    }

    fn worst_wait(&self) -> Duration {
        self.waited.iter().copied().max().expect("the fast lane was served")
    }
}

fn id(lane: u128) -> SubscriptionId {
    SubscriptionId(Uuid::from_u128(lane))
}

fn due(lane: u128, number: u128) -> Due {
    let delivery = DeliveryId(Uuid::from_u128((lane << 64) + number));
    Due { lane: id(lane), delivery, class: Class::First, delay: Duration::ZERO }
}

#[test]
fn a_backlog_at_a_slow_receiver_delays_nobody_else() {
    let mut world = World::new();
    world.lane(FAST, FAST);
    world.lane(BACKLOG, BACKLOG);
    world.backlog = 20_000;
    world.push(BACKLOG, 0, 20_000);
    world.run(Duration::from_secs(60));
    assert_eq!(world.waited.len(), 1200);
    assert_eq!(world.worst_wait(), Duration::ZERO);
    // 64 at a time, each for 5 s, but for the first rounds while the cap grows.
    let served = world.handed_out[&id(BACKLOG)];
    assert!((640..=768).contains(&served), "{served} of the backlog in a minute");
}

#[test]
fn a_hundred_slow_lanes_of_twenty_tenants_delay_nobody_else() {
    let mut world = World::new();
    world.lane(FAST, FAST);
    world.lane(BACKLOG, BACKLOG);
    world.backlog = 20_000;
    world.push(BACKLOG, 0, 20_000);
    for slow in 0..100 {
        world.lane(FIRST_SLOW + slow, FIRST_SLOW + slow % 20);
        world.push(FIRST_SLOW + slow, 0, 100);
    }
    world.run(Duration::from_secs(120));
    assert_eq!(world.waited.len(), 2400);
    assert_eq!(world.worst_wait(), Duration::ZERO);
    let idle =
        (0..100).filter(|slow| !world.handed_out.contains_key(&id(FIRST_SLOW + slow))).count();
    assert_eq!(idle, 0, "slow lanes are served too");
}
