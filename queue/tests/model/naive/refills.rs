//! Which refills are wanted, and what the database answers.

use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId};
use queue::memory::moment::Moment;
use queue::{Class, Due, HORIZON, Refill, RefillRequest, WINDOW};

use super::lane::sooner;
use super::{CLASSES, Model};

impl Model {
    pub(crate) fn wants_refill(&self, now: Moment) -> Vec<(SubscriptionId, Class, usize)> {
        let mut wanted = Vec::new();
        for (id, lane) in &self.lanes {
            let Some(settings) =
                lane.settings.as_ref().filter(|settings| !settings.paused && !settings.ordered)
            else {
                continue;
            };
            let suspended =
                self.tenants.get(&settings.tenant).is_some_and(|tenant| tenant.settings.suspended);
            if suspended || (lane.open() && !lane.waiting.is_empty()) {
                continue;
            }
            for class in CLASSES {
                let (held, Some(mark)) = (lane.of(class).count(), lane.marks.get(&class)) else {
                    continue;
                };
                let near = mark.beyond.is_some_and(|at| at <= now + HORIZON);
                let patient = mark.asked.is_none_or(|at| at + Duration::from_secs(5) <= now)
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
        let mark =
            self.lanes.get_mut(&request.lane).and_then(|lane| lane.marks.get_mut(&request.class));
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
        Refill { request, due: rows.iter().take(request.limit).map(due).collect(), beyond }
    }

    pub(crate) fn refill(&mut self, refill: &Refill, now: Moment) {
        let RefillRequest { lane: id, class, generation, .. } = refill.request;
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
}
