//! Who is next in line, found by looking at everybody.

use domain::ids::{SubscriptionId, TenantId};
use proptest::prelude::{prop_assert, prop_assert_eq};
use proptest::test_runner::TestCaseError;
use queue::memory::moment::Moment;
use queue::{Breaker, LEASE, LaneSettings, SLOW_AFTER, Ticket, WorkerSlots};

use super::lane::Lane;
use super::{CLASSES, Lease, Model};

impl Model {
    /// The lanes of which the worker may be served one now, all of them equally right.
    pub(crate) fn candidates(&self, worker: WorkerSlots, now: Moment) -> Vec<SubscriptionId> {
        let held: Vec<_> =
            self.leases.iter().filter(|lease| lease.worker == worker.worker).collect();
        if held.len() >= worker.slots {
            return Vec::new();
        }
        let ready: Vec<_> =
            self.lanes.iter().filter(|(id, lane)| self.ready(**id, lane, now)).collect();
        let tenant_of =
            |lane: &Lane| lane.settings.as_ref().expect("a ready lane has settings").tenant;
        let slow_held =
            held.iter().filter(|lease| !lease.orphan && self.slow(lease.lane, now)).count();
        let others = ready.iter().any(|(id, _)| !self.slow(**id, now));
        let share = if others { worker.slots / 2 } else { worker.slots - worker.slots / 8 };
        let slow_full = slow_held >= share.max(1);
        let full = |tenant| {
            held.iter().filter(|lease| lease.tenant == tenant).count() >= (worker.slots / 4).max(1)
                && ready.iter().any(|(_, lane)| tenant_of(lane) != tenant)
        };
        let allowed: Vec<_> = ready
            .iter()
            .filter(|(id, lane)| !(full(tenant_of(lane)) || slow_full && self.slow(**id, now)))
            .map(|(id, lane)| {
                (
                    self.tenants.get(&tenant_of(lane)).map_or(0, |tenant| tenant.turn),
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
            let lanes =
                allowed.iter().filter(move |(_, _, id)| tenant_of(&self.lanes[id]) == tenant);
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
        let lane = self.lanes.get_mut(&ticket.lane).expect("a candidate is a lane");
        let tenant_id = lane.settings.as_ref().expect("a candidate has settings").tenant;
        let (item, due) = if lane.ordered() {
            prop_assert_eq!(ticket.delivery, None);
            (None, lane.head.take().expect("a candidate has something due"))
        } else {
            let next = lane.next(now).expect("a candidate has something due");
            prop_assert_eq!((ticket.delivery, ticket.class), (Some(next.id), next.class));
            if !lane.open() {
                for class in CLASSES {
                    let waits = class != next.class && lane.of(class).any(|item| item.due <= now);
                    lane.passed[class as usize] =
                        if waits { lane.passed[class as usize] + 1 } else { 0 };
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
        let Ticket { lease: token, lane, probe, .. } = *ticket;
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

    /// Whether the lane may be served as far as it is concerned; its tenant's rate may still refuse.
    pub(super) fn lane_ready(&self, id: SubscriptionId, lane: &Lane, now: Moment) -> bool {
        let mut alone = Model { leases: self.leases.clone(), ..Model::default() };
        let suspended = |settings: &LaneSettings| {
            self.tenants.get(&settings.tenant).is_some_and(|tenant| tenant.settings.suspended)
        };
        if lane.settings.as_ref().is_some_and(suspended) {
            return false;
        }
        alone.tenants.clear();
        alone.ready(id, lane, now)
    }

    fn ready(&self, id: SubscriptionId, lane: &Lane, now: Moment) -> bool {
        let Some(settings) = &lane.settings else {
            return false;
        };
        let tenant = self.tenants.get(&settings.tenant);
        let suspended = tenant.is_some_and(|tenant| tenant.settings.suspended);
        let tenant_allows = tenant.is_none_or(|tenant| tenant.rate.allows(now));
        let in_flight = self.leases_of(id).count() as u32;
        let head_is_out = self.leases_of(id).any(|lease| lease.item.is_none());
        let probing = self.leases_of(id).any(|lease| lease.probe);
        let gate = match settings.breaker {
            Breaker::Closed => settings.ordered || in_flight < lane.cap,
            Breaker::Open { .. } => !lane.probe_spent && !probing && lane.probe_at <= now,
        };
        gate && !settings.paused
            && !suspended
            && tenant_allows
            && lane.rate.allows(now)
            && in_flight < if settings.ordered || head_is_out { 1 } else { settings.max_in_flight }
            && lane.dues().any(|due| due <= now)
    }

    fn slow(&self, lane: SubscriptionId, now: Moment) -> bool {
        self.lanes.get(&lane).is_some_and(|lane| lane.sluggish)
            || self.leases_of(lane).any(|lease| lease.granted + SLOW_AFTER <= now)
    }
}
