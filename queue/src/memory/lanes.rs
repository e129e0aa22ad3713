//! The pure core: all lanes, without clock, lock or waiting.
//!
//! Every call says what time it is, first lets the alarms go off that are due by then
//! ([`placement`](super::placement)), and leaves each lane it touched where it belongs: in its
//! tenant's ring when it may be served now, behind an alarm when it may be later, and nowhere when
//! only another call can change that. So handing out ([`serving`](super::serving)) and refilling
//! ([`refilling`](super::refilling)) never look for work: they take the first in line.
//! Everything is logarithmic in the number of lanes, but for suspending a tenant (its lanes) and
//! taking statistics (the lanes in which something waits).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};

use super::grants::Grants;
use super::lane::{Lane, Lease};
use super::moment::Moment;
use super::slots::Workers;
use super::tenant::Tenant;
use super::timer::Timer;
use super::turns::Turns;
use crate::{
    Completion, Due, LEASE, LaneSettings, LeaseToken, Next, Stats, TenantSettings, Ticket,
};

/// All lanes of a queue.
#[derive(Debug, Default)]
pub struct Lanes {
    pub(super) lanes: HashMap<SubscriptionId, Box<Lane>>,
    pub(super) tenants: HashMap<TenantId, Tenant>,
    pub(super) workers: Workers,
    /// Tenants with lanes that may be served, by the pace of those lanes.
    pub(super) fast: Turns<TenantId>,
    pub(super) slow: Turns<TenantId>,
    /// Tenants with lanes that want a refill.
    pub(super) refills: Turns<TenantId>,
    pub(super) alarms: Timer<SubscriptionId>,
    pub(super) tenant_alarms: Timer<TenantId>,
    pub(super) refill_alarms: Timer<SubscriptionId>,
    pub(super) grants: Grants,
    pub(super) expiries: Timer<(LeaseToken, SubscriptionId)>,
    /// Leases of dropped lanes: without effect, but their worker's slots are still taken.
    pub(super) orphans: HashMap<LeaseToken, Lease>,
    /// Lanes in which, or behind which, something waits or did: what statistics have to look at.
    pub(super) occupied: HashSet<SubscriptionId>,
    pub(super) arrivals: u64,
    pub(super) turns: u64,
    pub(super) tokens: u64,
    pub(super) generations: u64,
    lanes_paused: usize,
    lanes_open: usize,
    pub(super) leases_reclaimed: u64,
    crowded: usize,
}

impl Lanes {
    /// No lanes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// See [`Queue::push`](crate::Queue::push).
    pub fn push(&mut self, due: &[Due], now: Moment) -> usize {
        let (taken, _) = self.offer(due, now);
        taken
    }

    /// See [`Queue::hand_in`](crate::Queue::hand_in).
    pub fn hand_in(&mut self, due: &[Due], now: Moment) -> usize {
        let (_, crowded) = self.offer(due, now);
        self.crowded += crowded;
        self.crowded
    }

    /// Offers deliveries to their lanes: how many were taken in, and how many of those that are due at once
    /// met a crowded lane.
    fn offer(&mut self, due: &[Due], now: Moment) -> (usize, usize) {
        self.advance(now);
        let (mut taken, mut crowded) = (0, 0);
        for of_lane in due.chunk_by(|a, b| a.lane == b.lane) {
            let id = of_lane[0].lane;
            let lane = self.lanes.entry(id).or_insert_with(|| Box::new(Lane::new()));
            for due in of_lane {
                self.arrivals += 1;
                let place = (now + due.delay, self.arrivals);
                if lane.offer(due.delivery, due.class, place, now) {
                    taken += 1;
                }
                if due.delay.is_zero() && lane.is_crowded(due.class, now) {
                    crowded += 1;
                }
            }
            self.refresh(id, now);
        }
        (taken, crowded)
    }

    /// See [`Queue::complete`](crate::Queue::complete).
    pub fn complete(&mut self, completions: &[Completion], now: Moment) {
        self.advance(now);
        for completion in completions {
            self.complete_one(completion, now);
        }
    }

    /// See [`Queue::extend_lease`](crate::Queue::extend_lease).
    pub fn extend_lease(&mut self, tickets: &[Ticket], now: Moment) -> Vec<Ticket> {
        self.advance(now);
        let mut lost = Vec::new();
        for ticket in tickets {
            let lane = self.lanes.get_mut(&ticket.lane);
            if let Some(lease) = lane.and_then(|lane| lane.lease_mut(ticket.lease)) {
                self.expiries.set(
                    (ticket.lease, ticket.lane),
                    &mut lease.expiry,
                    Some(now + LEASE),
                );
            } else {
                lost.push(*ticket);
            }
        }
        lost
    }

    /// See [`Queue::configure_lane`](crate::Queue::configure_lane).
    pub fn configure_lane(&mut self, id: SubscriptionId, settings: LaneSettings, now: Moment) {
        self.advance(now);
        let tenant = settings.tenant;
        let lane = self.lanes.entry(id).or_insert_with(|| Box::new(Lane::new()));
        let former = lane.tenant();
        if former.is_some_and(|former| former != tenant) {
            self.displace(id, now);
        }
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        let before = (is_paused(lane), lane.is_open());
        lane.configure(settings, now);
        let after = (is_paused(lane), lane.is_open());
        self.lanes_paused = self.lanes_paused + usize::from(after.0) - usize::from(before.0);
        self.lanes_open = self.lanes_open + usize::from(after.1) - usize::from(before.1);
        self.refresh(id, now);
    }

    /// See [`Queue::configure_tenant`](crate::Queue::configure_tenant).
    pub fn configure_tenant(&mut self, id: TenantId, settings: TenantSettings, now: Moment) {
        self.advance(now);
        let tenant = self.tenants.entry(id).or_default();
        if tenant.configure(settings, now) {
            for lane in tenant.lanes.clone() {
                self.refresh(lane, now);
            }
        }
        self.refresh_tenant(id, now);
    }

    /// See [`Queue::in_flight`](crate::Queue::in_flight).
    pub fn in_flight(&self, id: SubscriptionId) -> Vec<Option<DeliveryId>> {
        let leases = self.lanes.get(&id).into_iter().flat_map(|lane| lane.leases().values());
        leases.map(|lease| lease.delivery).collect()
    }

    /// See [`Queue::drop_lane`](crate::Queue::drop_lane).
    pub fn drop_lane(&mut self, id: SubscriptionId, now: Moment) {
        self.advance(now);
        self.displace(id, now);
        self.occupied.remove(&id);
        let Some(lane) = self.lanes.remove(&id) else {
            return;
        };
        self.lanes_paused -= usize::from(is_paused(&lane));
        self.lanes_open -= usize::from(lane.is_open());
        for (token, lease) in lane.leases() {
            if lane.standing.slow {
                self.workers.turn(lease.worker, false);
            }
            self.orphans.insert(*token, *lease);
        }
    }

    /// See [`Queue::stats`](crate::Queue::stats). Looks at every lane in which something waits.
    pub fn stats(&mut self, now: Moment) -> Stats {
        self.advance(now);
        let mut stats = Stats {
            lanes: self.lanes.len(),
            leased: self.expiries.len() - self.orphans.len(),
            lanes_paused: self.lanes_paused,
            lanes_open: self.lanes_open,
            leases_reclaimed: self.leases_reclaimed,
            ..Stats::default()
        };
        let lanes = &mut self.lanes;
        self.occupied.retain(|id| {
            let Some(lane) = lanes.get_mut(id) else {
                return false;
            };
            let (all, due) = lane.waiting(now);
            stats.ready += due;
            stats.delayed += all - due;
            stats.lanes_behind += usize::from(lane.is_behind());
            let served = lane.standing.ring.is_some();
            let oldest =
                lane.next_due().filter(|_| served).map_or(Duration::ZERO, |at| now.since(at));
            stats.oldest_ready = stats.oldest_ready.max(oldest);
            lane.standing.occupied = lane.is_occupied();
            lane.standing.occupied
        });
        stats
    }

    /// Whether a lane may be served now (by a worker whose share of slots allows it).
    pub fn has_ready(&self) -> bool {
        !self.fast.is_empty() || !self.slow.is_empty()
    }

    /// When the next alarm goes off that may make a lane ready.
    pub fn next_wake(&self) -> Option<Moment> {
        [self.alarms.next(), self.tenant_alarms.next(), self.grants.next(), self.expiries.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether a refill is wanted now.
    pub fn has_refills(&self) -> bool {
        !self.refills.is_empty()
    }

    /// When the next refill is wanted, if nothing else happens.
    pub fn next_refill_wake(&self) -> Option<Moment> {
        self.refill_alarms.next()
    }

    fn complete_one(&mut self, completion: &Completion, now: Moment) {
        let Ticket { lane: id, lease: token, .. } = completion.ticket;
        let Some(lane) = self.lanes.get_mut(&id) else {
            return self.bury(token, id);
        };
        let Some(mut lease) = lane.end(token) else {
            return self.bury(token, id);
        };
        self.expiries.set((token, id), &mut lease.expiry, None);
        self.workers.give_back(lease.worker, lease.tenant, lane.standing.slow);
        lane.heed(token, completion.feedback, now.since(lease.granted));
        if let Next::DueIn { delay, class } = completion.next {
            let at = now + delay;
            self.arrivals += 1;
            match lease.delivery {
                Some(delivery) => {
                    lane.offer(delivery, class, (at, self.arrivals), now);
                }
                None => lane.head_due(at),
            }
        }
        self.refresh(id, now);
        let lanes = &self.lanes;
        let is_out =
            |id, token| lanes.get(&id).is_some_and(|lane| lane.leases().contains_key(&token));
        self.grants.trim(|id, token| !is_out(id, token));
    }

    /// Ends a lease of a lane that was dropped, if it is one.
    fn bury(&mut self, token: LeaseToken, id: SubscriptionId) {
        if let Some(mut lease) = self.orphans.remove(&token) {
            self.expiries.set((token, id), &mut lease.expiry, None);
            self.workers.give_back(lease.worker, lease.tenant, false);
        }
    }
}

fn is_paused(lane: &Lane) -> bool {
    lane.settings().is_some_and(|settings| settings.paused)
}
