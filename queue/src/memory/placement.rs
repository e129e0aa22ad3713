//! Where each lane and tenant stands: in a ring, behind an alarm, or nowhere.

use domain::ids::{SubscriptionId, TenantId};

use super::lane::Pace;
use super::lanes::Lanes;
use super::moment::Moment;
use crate::{Feedback, LeaseToken};

impl Lanes {
    /// Lets every alarm go off that is due by now.
    pub(super) fn advance(&mut self, now: Moment) {
        while let Some((token, id)) = self.expiries.pop_due(now) {
            self.reclaim(token, id, now);
        }
        while let Some(id) = self.grants.pop_old(now) {
            self.refresh(id, now);
        }
        while let Some(id) = self.alarms.pop_due(now) {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.standing.alarm = None;
            }
            self.refresh(id, now);
        }
        while let Some(id) = self.tenant_alarms.pop_due(now) {
            if let Some(tenant) = self.tenants.get_mut(&id) {
                tenant.alarm = None;
            }
            self.refresh_tenant(id, now);
        }
        while let Some(id) = self.refill_alarms.pop_due(now) {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.standing.refill_alarm = None;
            }
            self.refresh(id, now);
        }
    }

    /// Puts a lane where it belongs after anything about it changed. The alarm of a lane that is
    /// ready is left as it is: it is mostly that of the next retry, and right again soon.
    pub(super) fn refresh(&mut self, id: SubscriptionId, now: Moment) {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        if !lane.standing.occupied && lane.is_occupied() {
            lane.standing.occupied = true;
            self.occupied.insert(id);
        }
        let Some(tenant_id) = lane.tenant() else {
            return;
        };
        let tenant = self.tenants.entry(tenant_id).or_default();
        if !lane.standing.attached {
            lane.standing.attached = tenant.lanes.insert(id);
        }

        let slow = lane.is_slow(now);
        if slow != lane.standing.slow {
            lane.standing.slow = slow;
            for lease in lane.leases().values() {
                self.workers.turn(lease.worker, slow);
            }
        }

        let ready_at = lane.ready_at(tenant.is_suspended(), now);
        let ready = ready_at.is_some_and(|at| at <= now);
        let ring = ready.then_some(if slow { Pace::Slow } else { Pace::Fast });
        if ring != lane.standing.ring {
            lane.standing.ring = ring;
            tenant.fast.place(id, lane.standing.turn, ring == Some(Pace::Fast));
            tenant.slow.place(id, lane.standing.turn, ring == Some(Pace::Slow));
        }
        if !ready {
            self.alarms.set(id, &mut lane.standing.alarm, ready_at);
        }

        let refill_at = lane.refill_at(tenant.is_suspended());
        let wanted = refill_at.is_some_and(|at| at <= now);
        if wanted != lane.standing.in_refills {
            lane.standing.in_refills = wanted;
            tenant.refills.place(id, lane.standing.refill_turn, wanted);
        }
        self.refill_alarms.set(id, &mut lane.standing.refill_alarm, refill_at.filter(|_| !wanted));
        self.refresh_tenant(tenant_id, now);
    }

    /// Puts a tenant where it belongs after anything about it or its lanes changed.
    pub(super) fn refresh_tenant(&mut self, id: TenantId, now: Moment) {
        let Some(tenant) = self.tenants.get_mut(&id) else {
            return;
        };
        let has_ready = !tenant.fast.is_empty() || !tenant.slow.is_empty();
        let allowed_at = if has_ready { tenant.rate_allows_at(now) } else { now };
        let allowed = allowed_at <= now;
        let (fast, slow) = (allowed && !tenant.fast.is_empty(), allowed && !tenant.slow.is_empty());
        if fast != tenant.in_fast {
            tenant.in_fast = fast;
            self.fast.place(id, tenant.turn, fast);
        }
        if slow != tenant.in_slow {
            tenant.in_slow = slow;
            self.slow.place(id, tenant.turn, slow);
        }
        self.tenant_alarms.set(id, &mut tenant.alarm, (!allowed).then_some(allowed_at));
        let refills = !tenant.refills.is_empty();
        if refills != tenant.in_refills {
            tenant.in_refills = refills;
            self.refills.place(id, tenant.refill_turn, refills);
        }
        if tenant.is_forgettable() {
            self.tenants.remove(&id);
        }
    }

    /// Takes a lane and its tenant out of the rings in which they wait to be served, and gives
    /// both the newest turn; the next [`Self::refresh`] puts them back, last in line.
    pub(super) fn pass_turn(&mut self, id: SubscriptionId, tenant_id: TenantId) {
        self.turns += 1;
        if let (Some(lane), Some(tenant)) =
            (self.lanes.get_mut(&id), self.tenants.get_mut(&tenant_id))
        {
            tenant.fast.place(id, lane.standing.turn, false);
            tenant.slow.place(id, lane.standing.turn, false);
            lane.standing.ring = None;
            lane.standing.turn = self.turns;
            self.fast.place(tenant_id, tenant.turn, false);
            self.slow.place(tenant_id, tenant.turn, false);
            (tenant.in_fast, tenant.in_slow) = (false, false);
            tenant.turn = self.turns;
        }
    }

    /// The same for the rings of those who want a refill.
    pub(super) fn pass_refill_turn(&mut self, id: SubscriptionId, tenant_id: TenantId) {
        self.turns += 1;
        if let (Some(lane), Some(tenant)) =
            (self.lanes.get_mut(&id), self.tenants.get_mut(&tenant_id))
        {
            tenant.refills.place(id, lane.standing.refill_turn, false);
            lane.standing.in_refills = false;
            lane.standing.refill_turn = self.turns;
            self.refills.place(tenant_id, tenant.refill_turn, false);
            tenant.in_refills = false;
            tenant.refill_turn = self.turns;
        }
    }

    /// Takes a lane out of its tenant and from behind its alarms.
    pub(super) fn displace(&mut self, id: SubscriptionId, now: Moment) {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        self.alarms.set(id, &mut lane.standing.alarm, None);
        self.refill_alarms.set(id, &mut lane.standing.refill_alarm, None);
        let Some(tenant_id) = lane.tenant() else {
            return;
        };
        if let Some(tenant) = self.tenants.get_mut(&tenant_id) {
            tenant.fast.place(id, lane.standing.turn, false);
            tenant.slow.place(id, lane.standing.turn, false);
            tenant.refills.place(id, lane.standing.refill_turn, false);
            lane.standing.ring = None;
            lane.standing.in_refills = false;
            tenant.lanes.remove(&id);
            lane.standing.attached = false;
        }
        self.refresh_tenant(tenant_id, now);
    }

    /// Ends a lease that ran out: its delivery gets back the place it had.
    fn reclaim(&mut self, token: LeaseToken, id: SubscriptionId, now: Moment) {
        let lane = self.lanes.get_mut(&id);
        let Some((lane, lease)) = lane.and_then(|lane| lane.end(token).map(|lease| (lane, lease)))
        else {
            if let Some(orphan) = self.orphans.remove(&token) {
                self.workers.give_back(orphan.worker, orphan.tenant, false);
            }
            return;
        };
        self.leases_reclaimed += 1;
        self.workers.give_back(lease.worker, lease.tenant, lane.standing.slow);
        // Nobody will ever say what became of it.
        lane.heed(token, Feedback::Unattempted, now.since(lease.granted));
        match lease.delivery {
            Some(delivery) => {
                lane.offer(delivery, lease.class, lease.place, now);
            }
            None => lane.head_due(lease.place.0),
        }
        self.refresh(id, now);
    }
}
