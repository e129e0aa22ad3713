//! Handing out tickets: tenants in turn, then the tenant's lanes in turn.

use domain::ids::{SubscriptionId, TenantId};

use super::lane::{Lease, Pick};
use super::lanes::Lanes;
use super::moment::Moment;
use super::slots::Held;
use crate::{LEASE, LeaseToken, Ticket, WorkerSlots};

impl Lanes {
    /// Hands out up to `max` tickets, none when nothing may be served to this worker now.
    /// See [`Queue::fetch`](crate::Queue::fetch).
    pub fn fetch(&mut self, worker: WorkerSlots, max: usize, now: Moment) -> Vec<Ticket> {
        self.advance(now);
        let free =
            worker.slots.saturating_sub(self.workers.held(worker.worker).map_or(0, Held::all));
        let mut tickets = Vec::new();
        while tickets.len() < max.min(free) {
            let Some((tenant, lane)) = self.next_in_line(worker) else {
                break;
            };
            tickets.extend(self.hand_out(worker, tenant, lane, now));
        }
        tickets
    }

    /// The next lane that may be served to a worker, within its share of slots. Only tenants that
    /// have their share already are passed over, and of those there are a handful at most.
    fn next_in_line(&self, worker: WorkerSlots) -> Option<(TenantId, SubscriptionId)> {
        let held = self.workers.held(worker.worker);
        let has_share = |(_, tenant): &(u64, TenantId)| {
            let full = held.is_some_and(|held| held.tenant_is_full(*tenant, worker.slots));
            !full || !self.others_wait(*tenant)
        };
        let others_wait = !self.fast.is_empty();
        let slow_too = !held.is_some_and(|held| held.slow_are_full(worker.slots, others_wait));
        let fast = self.fast.iter().find(has_share);
        let slow = if slow_too { self.slow.iter().find(has_share) } else { None };
        let (_, tenant_id) = fast.into_iter().chain(slow).min()?;
        let tenant = self.tenants.get(&tenant_id)?;
        let slow = if slow_too { tenant.slow.first() } else { None };
        let (_, lane) = tenant.fast.first().into_iter().chain(slow).min()?;
        Some((tenant_id, lane))
    }

    fn others_wait(&self, tenant: TenantId) -> bool {
        self.fast.iter().take(2).chain(self.slow.iter().take(2)).any(|(_, other)| other != tenant)
    }

    fn hand_out(
        &mut self,
        worker: WorkerSlots,
        tenant_id: TenantId,
        id: SubscriptionId,
        now: Moment,
    ) -> Option<Ticket> {
        self.pass_turn(id, tenant_id);
        let lane = self.lanes.get_mut(&id)?;
        let Pick { delivery, class, place, probe } =
            lane.pick(now).expect("a lane in a ring has something due");
        if let Some(tenant) = self.tenants.get(&tenant_id) {
            tenant.take_token(now);
        }
        self.tokens += 1;
        let token = LeaseToken(self.tokens);
        let (granted, expiry) = (now, None);
        let mut lease = Lease {
            delivery,
            class,
            place,
            granted,
            expiry,
            worker: worker.worker,
            tenant: tenant_id,
        };
        self.expiries.set((token, id), &mut lease.expiry, Some(now + LEASE));
        self.grants.push(now, token, id);
        lane.lease(token, lease, probe);
        self.workers.take(worker.worker, tenant_id, lane.standing.slow);
        self.refresh(id, now);
        Some(Ticket { lane: id, delivery, class, lease: token, waited: now.since(place.0), probe })
    }
}
