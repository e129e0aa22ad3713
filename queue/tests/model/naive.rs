//! The queue as simply as it can be written, and the database behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use domain::tenant::RateLimit;
use proptest::prelude::{prop_assert, prop_assert_eq};
use proptest::test_runner::TestCaseError;
use queue::memory::moment::Moment;
use queue::{
    Breaker, Class, Due, Feedback, HORIZON, LEASE, LaneSettings, LeaseToken, Next, Refill,
    RefillRequest, SLOW_AFTER, Stats, TenantSettings, Ticket, WINDOW, WorkerSlots,
};
use uuid::Uuid;

const CLASSES: [Class; 3] = [Class::First, Class::Retry, Class::Replay];

#[derive(Default)]
pub(crate) struct Model {
    lanes: BTreeMap<SubscriptionId, Lane>,
    tenants: BTreeMap<TenantId, Tenant>,
    leases: Vec<Lease>,
    database: BTreeMap<DeliveryId, Row>,
    ended: BTreeSet<DeliveryId>,
    arrivals: u64,
    turns: u64,
    reclaimed: u64,
}

struct Row {
    lane: SubscriptionId,
    class: Class,
    due: Moment,
}

#[derive(Default)]
struct Lane {
    settings: Option<LaneSettings>,
    rate: Rate,
    waiting: Vec<Item>,
    marks: BTreeMap<Class, Mark>,
    head: Option<Moment>,
    cap: u32,
    passed: [u32; 3],
    probe_at: Moment,
    probe_spent: bool,
    turn: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    due: Moment,
    arrival: u64,
    class: Class,
    id: DeliveryId,
}

#[derive(Default)]
struct Mark {
    beyond: Option<Moment>,
    since_asked: Option<Moment>,
    asked: Option<Moment>,
    generation: u64,
    not_before: Moment,
}

#[derive(Default)]
struct Tenant {
    settings: TenantSettings,
    rate: Rate,
    turn: u64,
}

#[derive(Clone, Copy)]
struct Lease {
    token: LeaseToken,
    lane: SubscriptionId,
    tenant: TenantId,
    worker: Uuid,
    item: Option<Item>,
    due: Moment,
    granted: Moment,
    expires: Moment,
    probe: bool,
    orphan: bool,
}

/// GCRA by the book, in nanoseconds.
#[derive(Default)]
struct Rate {
    limit: Option<RateLimit>,
    tat: u64,
}

impl Rate {
    fn set(&mut self, limit: Option<RateLimit>, now: Moment) {
        if let (Some(new), Some(_)) = (limit, self.limit.filter(|old| Some(*old) != limit)) {
            self.tat = self
                .tat
                .min(now.nanos() + period(new) * u64::from(new.burst()));
        } else if self.limit.is_none() || limit.is_none() {
            self.tat = 0;
        }
        self.limit = limit;
    }

    fn allows(&self, now: Moment) -> bool {
        self.limit.is_none_or(|limit| {
            let tolerance = period(limit) * u64::from(limit.burst() - 1);
            now.nanos() >= self.tat.saturating_sub(tolerance)
        })
    }

    fn take(&mut self, now: Moment) {
        if let Some(limit) = self.limit {
            self.tat = self.tat.max(now.nanos()) + period(limit);
        }
    }
}

fn period(limit: RateLimit) -> u64 {
    u64::try_from(Duration::from_secs_f64(1.0 / limit.per_second()).as_nanos()).unwrap_or(u64::MAX)
}

fn sooner(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    [a, b].into_iter().flatten().min()
}

impl Lane {
    fn ordered(&self) -> bool {
        self.settings
            .as_ref()
            .is_some_and(|settings| settings.ordered)
    }

    fn open(&self) -> bool {
        self.settings
            .as_ref()
            .is_some_and(|settings| settings.breaker != Breaker::Closed)
    }

    fn of(&self, class: Class) -> impl Iterator<Item = &Item> {
        self.waiting.iter().filter(move |item| item.class == class)
    }

    fn leave(&mut self, class: Class, at: Moment) {
        let mark = self.marks.entry(class).or_default();
        mark.beyond = sooner(mark.beyond, Some(at));
        mark.since_asked = sooner(mark.since_asked, Some(at));
    }

    fn offer(&mut self, item: Item, leased: &[DeliveryId], now: Moment) -> bool {
        if self.ordered() {
            self.head = sooner(self.head, Some(item.due));
            return false;
        }
        if leased.contains(&item.id) || self.waiting.iter().any(|other| other.id == item.id) {
            return false;
        }
        if item.due > now + HORIZON {
            self.leave(item.class, item.due);
            return false;
        }
        self.waiting.push(item);
        self.waiting.sort();
        if self.of(item.class).count() > WINDOW {
            let last = self
                .waiting
                .iter()
                .rposition(|other| other.class == item.class)
                .expect("there are some");
            let last = self.waiting.remove(last);
            self.leave(last.class, last.due);
            return last.id != item.id;
        }
        true
    }

    fn dues(&self) -> impl Iterator<Item = Moment> {
        self.waiting.iter().map(|item| item.due).chain(self.head)
    }

    /// What the lane hands out next.
    fn next(&self, now: Moment) -> Option<Item> {
        if self.open() {
            return self.waiting.first().copied();
        }
        let due = |class| self.of(class).find(|item| item.due <= now).copied();
        let late =
            |class: Class, turns| due(class).filter(|_| self.passed[class as usize] >= turns);
        late(Class::Retry, 9)
            .filter(|_| self.passed[1] > self.passed[2] || late(Class::Replay, 8).is_none())
            .or_else(|| late(Class::Replay, 8))
            .or_else(|| CLASSES.into_iter().find_map(due))
    }
}

impl Model {
    /// A delivery that the database has already is pushed again by the reconciler, as it stands
    /// there; one that has come to its end is not pushed any more.
    pub(crate) fn as_stored(&self, due: Due, now: Moment) -> Option<Due> {
        let as_it_stands = |row: &Row| Due {
            class: row.class,
            delay: row.due.since(now),
            ..due
        };
        let new = !self.ended.contains(&due.delivery);
        new.then(|| self.database.get(&due.delivery).map_or(due, as_it_stands))
    }

    pub(crate) fn push(&mut self, due: &[Due], now: Moment) {
        for due in due {
            let row = Row {
                lane: due.lane,
                class: due.class,
                due: now + due.delay,
            };
            self.database.entry(due.delivery).or_insert(row);
            self.offer(due.lane, due.delivery, due.class, now + due.delay, now);
        }
    }

    fn offer(
        &mut self,
        lane: SubscriptionId,
        id: DeliveryId,
        class: Class,
        due: Moment,
        now: Moment,
    ) -> bool {
        self.arrivals += 1;
        let item = Item {
            due,
            arrival: self.arrivals,
            class,
            id,
        };
        let leased = self.leased(lane);
        self.lanes
            .entry(lane)
            .or_insert_with(|| Lane {
                cap: 8,
                ..Lane::default()
            })
            .offer(item, &leased, now)
    }

    fn leased(&self, lane: SubscriptionId) -> Vec<DeliveryId> {
        self.leases_of(lane)
            .filter_map(|lease| lease.item.map(|item| item.id))
            .collect()
    }

    fn leases_of(&self, lane: SubscriptionId) -> impl Iterator<Item = &Lease> {
        self.leases
            .iter()
            .filter(move |lease| lease.lane == lane && !lease.orphan)
    }

    fn slow(&self, lane: SubscriptionId, now: Moment) -> bool {
        self.leases_of(lane)
            .any(|lease| lease.granted + SLOW_AFTER <= now)
    }

    fn ready(&self, id: SubscriptionId, lane: &Lane, now: Moment) -> bool {
        let Some(settings) = &lane.settings else {
            return false;
        };
        let tenant = self.tenants.get(&settings.tenant);
        let suspended = tenant.is_some_and(|tenant| tenant.settings.suspended);
        let tenant_allows = tenant.is_none_or(|tenant| tenant.rate.allows(now));
        let in_flight = self.leases_of(id).count() as u32;
        let probing = self.leases_of(id).any(|lease| lease.probe);
        let gate = match settings.breaker {
            Breaker::Closed => settings.ordered || in_flight < lane.cap,
            Breaker::Open { .. } => !lane.probe_spent && !probing && lane.probe_at <= now,
        };
        gate && !settings.paused
            && !suspended
            && tenant_allows
            && lane.rate.allows(now)
            && in_flight
                < if settings.ordered {
                    1
                } else {
                    settings.max_in_flight
                }
            && lane.dues().any(|due| due <= now)
    }

    /// The lanes of which the worker may be served one now, all of them equally right.
    pub(crate) fn candidates(&self, worker: WorkerSlots, now: Moment) -> Vec<SubscriptionId> {
        let held: Vec<_> = self
            .leases
            .iter()
            .filter(|lease| lease.worker == worker.worker)
            .collect();
        if held.len() >= worker.slots {
            return Vec::new();
        }
        let ready: Vec<_> = self
            .lanes
            .iter()
            .filter(|(id, lane)| self.ready(**id, lane, now))
            .collect();
        let tenant_of = |lane: &Lane| {
            lane.settings
                .as_ref()
                .expect("a ready lane has settings")
                .tenant
        };
        let slow_held = held
            .iter()
            .filter(|lease| !lease.orphan && self.slow(lease.lane, now))
            .count();
        let slow_full = slow_held >= (worker.slots / 2).max(1)
            && ready.iter().any(|(id, _)| !self.slow(**id, now));
        let full = |tenant| {
            held.iter().filter(|lease| lease.tenant == tenant).count() >= (worker.slots / 4).max(1)
                && ready.iter().any(|(_, lane)| tenant_of(lane) != tenant)
        };
        let allowed: Vec<_> = ready
            .iter()
            .filter(|(id, lane)| !full(tenant_of(lane)) && !(slow_full && self.slow(**id, now)))
            .map(|(id, lane)| {
                (
                    self.tenants
                        .get(&tenant_of(lane))
                        .map_or(0, |tenant| tenant.turn),
                    lane.turn,
                    **id,
                )
            })
            .collect();
        let Some(first) = allowed.iter().map(|(tenant, _, _)| *tenant).min() else {
            return Vec::new();
        };
        // Tenants that never had a turn are equal among themselves, and so are lanes.
        let of_first = |tenant: TenantId| {
            let lanes = allowed
                .iter()
                .filter(move |(_, _, id)| tenant_of(&self.lanes[id]) == tenant);
            let least = lanes.clone().map(|(_, turn, _)| *turn).min();
            lanes
                .filter(move |(_, turn, _)| Some(*turn) == least)
                .map(|(_, _, id)| *id)
                .collect::<Vec<_>>()
        };
        let mut tenants: Vec<_> = allowed
            .iter()
            .filter(|(turn, _, _)| *turn == first)
            .map(|(_, _, id)| tenant_of(&self.lanes[id]))
            .collect();
        tenants.dedup();
        tenants.into_iter().flat_map(of_first).collect()
    }

    /// Takes note of a ticket, which must be one that may be handed out now.
    pub(crate) fn hand_out(
        &mut self,
        worker: WorkerSlots,
        ticket: &Ticket,
        now: Moment,
    ) -> Result<(), TestCaseError> {
        let candidates = self.candidates(worker, now);
        prop_assert!(
            candidates.contains(&ticket.lane),
            "{:?} was not in line, but {:?}",
            ticket,
            candidates
        );
        let lane = self
            .lanes
            .get_mut(&ticket.lane)
            .expect("a candidate is a lane");
        let tenant_id = lane
            .settings
            .as_ref()
            .expect("a candidate has settings")
            .tenant;
        let (item, due) = if lane.ordered() {
            prop_assert_eq!(ticket.delivery, None);
            (
                None,
                lane.head.take().expect("a candidate has something due"),
            )
        } else {
            let next = lane.next(now).expect("a candidate has something due");
            prop_assert_eq!((ticket.delivery, ticket.class), (Some(next.id), next.class));
            if !lane.open() {
                for class in CLASSES {
                    let waits = class != next.class && lane.of(class).any(|item| item.due <= now);
                    lane.passed[class as usize] = if waits {
                        lane.passed[class as usize] + 1
                    } else {
                        0
                    };
                }
            }
            lane.waiting.retain(|item| *item != next);
            (Some(next), next.due)
        };
        prop_assert_eq!(ticket.probe, lane.open());
        prop_assert_eq!(ticket.waited, now.since(due));
        lane.probe_spent |= ticket.probe;
        self.turns += 1;
        lane.turn = self.turns;
        lane.rate.take(now);
        let tenant = self.tenants.entry(tenant_id).or_default();
        tenant.turn = self.turns;
        tenant.rate.take(now);
        prop_assert!(
            self.leases.iter().all(|lease| lease.token < ticket.lease),
            "a token was used again"
        );
        let Ticket {
            lease: token,
            lane,
            probe,
            ..
        } = *ticket;
        let (expires, worker) = (now + LEASE, worker.worker);
        self.leases.push(Lease {
            token,
            lane,
            tenant: tenant_id,
            worker,
            item,
            due,
            granted: now,
            expires,
            probe,
            orphan: false,
        });
        Ok(())
    }

    /// What really came of a ticket, by the database: on an ordered lane the worker takes the
    /// first one that is not finished, and says when the next one is due.
    pub(crate) fn settle(&mut self, ticket: &Ticket, next: Next, now: Moment) -> Next {
        let lease = self
            .leases
            .iter()
            .find(|lease| lease.token == ticket.lease && !lease.orphan)
            .copied();
        let Some(lease) = lease else { return next };
        if let Some(item) = lease.item {
            self.write(item.id, next, now);
            return next;
        }
        let heads = |database: &BTreeMap<DeliveryId, Row>| {
            let rows = database.iter().filter(|(_, row)| row.lane == ticket.lane);
            rows.map(|(id, row)| (row.due, *id)).min()
        };
        if let Some((_, id)) = heads(&self.database).filter(|(due, _)| *due <= now) {
            self.write(id, next, now);
        }
        heads(&self.database).map_or(Next::Done, |(due, id)| Next::DueIn {
            delay: due.since(now),
            class: self.database[&id].class,
        })
    }

    fn write(&mut self, id: DeliveryId, next: Next, now: Moment) {
        match next {
            Next::Done => {
                self.database.remove(&id);
                self.ended.insert(id);
            }
            Next::DueIn { delay, class } => {
                if let Some(row) = self.database.get_mut(&id) {
                    (row.due, row.class) = (now + delay, class);
                }
            }
        }
    }

    pub(crate) fn complete(
        &mut self,
        ticket: &Ticket,
        next: Next,
        feedback: Feedback,
        now: Moment,
    ) {
        let Some(place) = self
            .leases
            .iter()
            .position(|lease| lease.token == ticket.lease)
        else {
            return;
        };
        let lease = self.leases.remove(place);
        if lease.orphan {
            return;
        }
        self.heed(&lease, feedback);
        if let Next::DueIn { delay, class } = next {
            match lease.item {
                Some(item) => {
                    self.offer(lease.lane, item.id, class, now + delay, now);
                }
                None => self.head_due(lease.lane, now + delay),
            }
        }
    }

    fn head_due(&mut self, lane: SubscriptionId, at: Moment) {
        let lane = self.lanes.get_mut(&lane).expect("a lane with a lease");
        if lane.ordered() {
            lane.head = sooner(lane.head, Some(at));
        } else {
            CLASSES.into_iter().for_each(|class| lane.leave(class, at));
        }
    }

    fn heed(&mut self, lease: &Lease, feedback: Feedback) {
        let lane = self
            .lanes
            .get_mut(&lease.lane)
            .expect("a lane with a lease");
        let most = lane
            .settings
            .as_ref()
            .map_or(1, |settings| settings.max_in_flight);
        match feedback {
            Feedback::Success if !lease.probe => lane.cap = (lane.cap.min(most) * 2).min(most),
            Feedback::Throttled => lane.cap = (lane.cap.min(most) / 2).max(1),
            _ => {}
        }
        if lease.probe && feedback == Feedback::Unattempted {
            lane.probe_spent = false;
        }
    }

    pub(crate) fn extend(&mut self, tickets: &[Ticket], now: Moment) -> Vec<Ticket> {
        let mut lost = Vec::new();
        for ticket in tickets {
            match self
                .leases
                .iter_mut()
                .find(|lease| lease.token == ticket.lease && !lease.orphan)
            {
                Some(lease) => lease.expires = now + LEASE,
                None => lost.push(*ticket),
            }
        }
        lost
    }

    /// Ends the leases that have run out.
    pub(crate) fn expire(&mut self, now: Moment) {
        let mut over: Vec<_> = self
            .leases
            .extract_if(.., |lease| lease.expires <= now)
            .collect();
        over.sort_by_key(|lease| (lease.expires, lease.token));
        for lease in over.iter().filter(|lease| !lease.orphan) {
            self.reclaimed += 1;
            self.heed(lease, Feedback::Unattempted);
            // The rest of them are leased until each has had its turn here.
            let lane = self
                .lanes
                .get_mut(&lease.lane)
                .expect("a lane with a lease");
            match lease.item {
                Some(item) => {
                    lane.offer(item, &[], now);
                }
                None => self.head_due(lease.lane, lease.due),
            }
        }
    }

    pub(crate) fn configure_lane(
        &mut self,
        id: SubscriptionId,
        settings: LaneSettings,
        now: Moment,
    ) {
        let leased = self.leases_of(id).count() > 0;
        let lane = self.lanes.entry(id).or_insert_with(|| Lane {
            cap: 8,
            ..Lane::default()
        });
        if lane
            .settings
            .as_ref()
            .is_some_and(|current| current.revision > settings.revision)
        {
            return;
        }
        if settings.ordered && !lane.ordered() {
            let beyond = lane.marks.values().filter_map(|mark| mark.beyond).min();
            lane.head = sooner(lane.dues().min(), beyond);
            lane.waiting.clear();
            lane.marks.clear();
        } else if !settings.ordered && lane.ordered() {
            if let Some(at) = sooner(lane.head.take(), leased.then_some(now)) {
                CLASSES.into_iter().for_each(|class| lane.leave(class, at));
            }
        }
        match settings.breaker {
            Breaker::Open { probe_after } => {
                (lane.probe_at, lane.probe_spent) = (now + probe_after, false)
            }
            Breaker::Closed if lane.open() => lane.cap = 1,
            Breaker::Closed => {}
        }
        lane.rate.set(settings.rate_limit, now);
        self.tenants.entry(settings.tenant).or_default();
        lane.settings = Some(settings);
    }

    pub(crate) fn configure_tenant(&mut self, id: TenantId, settings: TenantSettings, now: Moment) {
        let tenant = self.tenants.entry(id).or_default();
        tenant.rate.set(settings.rate_limit, now);
        tenant.settings = settings;
        self.forget_tenant(id);
    }

    pub(crate) fn drop_lane(&mut self, id: SubscriptionId) {
        let lane = self.lanes.remove(&id);
        self.leases
            .iter_mut()
            .filter(|lease| lease.lane == id)
            .for_each(|lease| lease.orphan = true);
        self.ended.extend(
            self.database
                .extract_if(.., |_, row| row.lane == id)
                .map(|(id, _)| id),
        );
        if let Some(tenant) = lane
            .and_then(|lane| lane.settings)
            .map(|settings| settings.tenant)
        {
            self.forget_tenant(tenant);
        }
    }

    /// A tenant without lanes and limits is not remembered, nor is its turn.
    fn forget_tenant(&mut self, id: TenantId) {
        let has_lanes = self.lanes.values().any(|lane| {
            lane.settings
                .as_ref()
                .is_some_and(|settings| settings.tenant == id)
        });
        if !has_lanes
            && self
                .tenants
                .get(&id)
                .is_some_and(|tenant| tenant.settings == TenantSettings::default())
        {
            self.tenants.remove(&id);
        }
    }

    pub(crate) fn wants_refill(&self, now: Moment) -> Vec<(SubscriptionId, Class, usize)> {
        let mut wanted = Vec::new();
        for (id, lane) in &self.lanes {
            let Some(settings) = lane
                .settings
                .as_ref()
                .filter(|settings| !settings.paused && !settings.ordered)
            else {
                continue;
            };
            let suspended = self
                .tenants
                .get(&settings.tenant)
                .is_some_and(|tenant| tenant.settings.suspended);
            if suspended || (lane.open() && !lane.waiting.is_empty()) {
                continue;
            }
            for class in CLASSES {
                let (held, Some(mark)) = (lane.of(class).count(), lane.marks.get(&class)) else {
                    continue;
                };
                let near = mark.beyond.is_some_and(|at| at <= now + HORIZON);
                let patient = mark
                    .asked
                    .is_none_or(|at| at + Duration::from_secs(5) <= now)
                    && mark.not_before <= now;
                if near && patient && held <= WINDOW / 2 {
                    let leased = self.leases_of(*id).filter(|lease| {
                        lease.item.map_or(Class::First, |item| item.class) == class
                    });
                    wanted.push((*id, class, WINDOW + leased.count() + held));
                }
            }
        }
        wanted
    }

    pub(crate) fn ask(&mut self, request: &RefillRequest, now: Moment) {
        let mark = self
            .lanes
            .get_mut(&request.lane)
            .and_then(|lane| lane.marks.get_mut(&request.class));
        let mark = mark.expect("a request comes of a mark");
        (mark.asked, mark.since_asked, mark.generation) = (Some(now), None, request.generation);
    }

    /// What the database answers now; it is handed over later, perhaps.
    pub(crate) fn look_up(&self, request: RefillRequest, now: Moment) -> Refill {
        let rows = self
            .database
            .iter()
            .filter(|(_, row)| row.lane == request.lane && row.class == request.class);
        let mut rows: Vec<_> = rows.map(|(id, row)| (row.due, *id)).collect();
        rows.sort();
        let beyond = rows.get(request.limit).map(|(due, _)| due.since(now));
        let due = |(due, delivery): &(Moment, DeliveryId)| Due {
            lane: request.lane,
            delivery: *delivery,
            class: request.class,
            delay: due.since(now),
        };
        Refill {
            request,
            due: rows.iter().take(request.limit).map(due).collect(),
            beyond,
        }
    }

    pub(crate) fn refill(&mut self, refill: &Refill, now: Moment) {
        let RefillRequest {
            lane: id,
            class,
            generation,
            ..
        } = refill.request;
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        let ordered = lane.ordered();
        if !ordered {
            let mark = lane.marks.entry(class).or_default();
            let beyond = refill.beyond.map(|delay| now + delay);
            if mark.generation == generation {
                mark.asked = None;
                mark.beyond = sooner(mark.since_asked, beyond);
            } else {
                mark.beyond = sooner(mark.beyond, beyond);
            }
        }
        let mut taken_in = 0;
        for due in &refill.due {
            taken_in += usize::from(self.offer(id, due.delivery, due.class, now + due.delay, now));
        }
        if taken_in == 0 && !ordered {
            let lane = self.lanes.get_mut(&id).expect("it was there");
            lane.marks.entry(class).or_default().not_before = now + Duration::from_secs(1);
        }
    }

    pub(crate) fn stats(&self, now: Moment) -> Stats {
        let lanes = || self.lanes.values();
        let due = || lanes().flat_map(Lane::dues);
        let with = |test: fn(&LaneSettings) -> bool| {
            lanes()
                .filter(|lane| lane.settings.as_ref().is_some_and(test))
                .count()
        };
        let oldest = self
            .lanes
            .iter()
            .filter(|(id, lane)| self.lane_ready(**id, lane, now));
        Stats {
            lanes: self.lanes.len(),
            ready: due().filter(|due| *due <= now).count(),
            delayed: due().filter(|due| *due > now).count(),
            leased: self.leases.iter().filter(|lease| !lease.orphan).count(),
            lanes_paused: with(|settings| settings.paused),
            lanes_open: with(|settings| settings.breaker != Breaker::Closed),
            lanes_behind: lanes()
                .filter(|lane| lane.marks.values().any(|mark| mark.beyond.is_some()))
                .count(),
            oldest_ready: oldest
                .flat_map(|(_, lane)| lane.dues())
                .map(|due| now.since(due))
                .max()
                .unwrap_or_default(),
            leases_reclaimed: self.reclaimed,
        }
    }

    /// Whether the lane may be served as far as it is concerned; its tenant's rate may still refuse.
    fn lane_ready(&self, id: SubscriptionId, lane: &Lane, now: Moment) -> bool {
        let mut alone = Model {
            leases: self.leases.clone(),
            ..Model::default()
        };
        let suspended = |settings: &LaneSettings| {
            self.tenants
                .get(&settings.tenant)
                .is_some_and(|tenant| tenant.settings.suspended)
        };
        if lane.settings.as_ref().is_some_and(suspended) {
            return false;
        }
        alone.tenants.clear();
        alone.ready(id, lane, now)
    }

    /// How many deliveries have not come to their end.
    pub(crate) fn unfinished(&self) -> usize {
        self.database.len()
    }

    pub(crate) fn describe(&self) -> String {
        let lanes = self.lanes.iter().map(|(id, lane)| {
            let marks: Vec<_> = lane
                .marks
                .iter()
                .map(|(class, mark)| (class, mark.beyond, mark.asked))
                .collect();
            format!(
                "{id}: {} wait, {} leased, marks {marks:?}; ",
                lane.waiting.len(),
                self.leases_of(*id).count()
            )
        });
        lanes.collect()
    }
}
