//! Asking the database for more, lane by lane in the order of fairness.

use super::classes::CLASSES;
use super::lanes::Lanes;
use super::moment::Moment;
use crate::{Refill, RefillRequest, WINDOW};

/// How many lanes one answer names at most; the next call names the next ones.
const LANES_ASKED: usize = 64;

impl Lanes {
    /// The lanes that want refilling now. See [`Queue::wants_refill`](crate::Queue::wants_refill).
    pub fn wants_refill(&mut self, now: Moment) -> Vec<RefillRequest> {
        self.advance(now);
        let mut requests = Vec::new();
        for _ in 0..LANES_ASKED {
            let Some((_, tenant_id)) = self.refills.first() else {
                break;
            };
            let Some(tenant) = self.tenants.get(&tenant_id) else {
                break;
            };
            let (suspended, first) = (tenant.is_suspended(), tenant.refills.first());
            let Some((_, id)) = first else { break };
            self.pass_refill_turn(id, tenant_id);
            let Some(lane) = self.lanes.get_mut(&id) else {
                break;
            };
            for class in CLASSES {
                if lane.class_refill_at(class, suspended).is_none_or(|at| at > now) {
                    continue;
                }
                let leased = lane.leases().values().filter(|lease| lease.class == class).count();
                self.generations += 1;
                let window = lane.window_mut(class);
                window.ask(self.generations, now);
                let limit = WINDOW + leased + window.len();
                requests.push(RefillRequest {
                    lane: id,
                    class,
                    limit,
                    generation: self.generations,
                });
            }
            self.refresh(id, now);
        }
        requests
    }

    /// Takes in what the database had. See [`Queue::refill`](crate::Queue::refill).
    pub fn refill(&mut self, refill: &Refill, now: Moment) {
        self.advance(now);
        let RefillRequest { lane: id, class, generation, .. } = refill.request;
        // A lane dropped meanwhile is not made again by an answer to a question it asked before.
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        if !lane.is_ordered() {
            lane.window_mut(class).answer(generation, refill.beyond.map(|delay| now + delay));
        }
        let mut taken_in = 0;
        for due in &refill.due {
            self.arrivals += 1;
            taken_in += usize::from(lane.offer(
                due.delivery,
                due.class,
                (now + due.delay, self.arrivals),
                now,
            ));
        }
        if taken_in == 0 && !lane.is_ordered() {
            lane.window_mut(class).rest(now);
        }
        self.refresh(id, now);
    }
}
