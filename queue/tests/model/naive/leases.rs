//! What comes of tickets.

use std::collections::BTreeMap;

use domain::ids::{DeliveryId, SubscriptionId};
use queue::memory::moment::Moment;
use queue::{Feedback, LEASE, Next, SLOW_AFTER, Ticket};

use super::lane::sooner;
use super::{CLASSES, Lease, Model, Row};

impl Model {
    /// What really came of a ticket, by the database: on an ordered lane the worker takes the
    /// first one that is not finished, and says when the next one is due.
    pub(crate) fn settle(&mut self, ticket: &Ticket, next: Next, now: Moment) -> Next {
        let lease =
            self.leases.iter().find(|lease| lease.token == ticket.lease && !lease.orphan).copied();
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

    pub(crate) fn complete(
        &mut self,
        ticket: &Ticket,
        next: Next,
        feedback: Feedback,
        now: Moment,
    ) {
        let Some(place) = self.leases.iter().position(|lease| lease.token == ticket.lease) else {
            return;
        };
        let lease = self.leases.remove(place);
        if lease.orphan {
            return;
        }
        self.heed(&lease, feedback, now);
        if let Next::DueIn { delay, class } = next {
            match lease.item {
                Some(item) => {
                    self.offer(lease.lane, item.id, class, now + delay, now);
                }
                None => self.head_due(lease.lane, now + delay),
            }
        }
    }

    pub(crate) fn extend(&mut self, tickets: &[Ticket], now: Moment) -> Vec<Ticket> {
        let mut lost = Vec::new();
        for ticket in tickets {
            match self.leases.iter_mut().find(|lease| lease.token == ticket.lease && !lease.orphan)
            {
                Some(lease) => lease.expires = now + LEASE,
                None => lost.push(*ticket),
            }
        }
        lost
    }

    /// Ends the leases that have run out.
    pub(crate) fn expire(&mut self, now: Moment) {
        let mut over: Vec<_> = self.leases.extract_if(.., |lease| lease.expires <= now).collect();
        over.sort_by_key(|lease| (lease.expires, lease.token));
        for lease in over.iter().filter(|lease| !lease.orphan) {
            self.reclaimed += 1;
            self.heed(lease, Feedback::Unattempted, now);
            // The rest of them are leased until each has had its turn here.
            let lane = self.lanes.get_mut(&lease.lane).expect("a lane with a lease");
            match lease.item {
                Some(item) => {
                    lane.offer(item, &[], now);
                }
                None => self.head_due(lease.lane, lease.due),
            }
        }
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

    fn head_due(&mut self, lane: SubscriptionId, at: Moment) {
        let lane = self.lanes.get_mut(&lane).expect("a lane with a lease");
        if lane.ordered() {
            lane.head = sooner(lane.head, Some(at));
        } else {
            CLASSES.into_iter().for_each(|class| lane.leave(class, at));
        }
    }

    fn heed(&mut self, lease: &Lease, feedback: Feedback, now: Moment) {
        let lane = self.lanes.get_mut(&lease.lane).expect("a lane with a lease");
        let most = lane.settings.as_ref().map_or(1, |settings| settings.max_in_flight);
        match feedback {
            Feedback::Success if !lease.probe => lane.cap = (lane.cap.min(most) * 2).min(most),
            Feedback::Throttled => lane.cap = (lane.cap.min(most) / 2).max(1),
            _ => {}
        }
        if feedback != Feedback::Unattempted {
            lane.sluggish = lease.granted + SLOW_AFTER <= now;
        }
        if lease.probe && feedback == Feedback::Unattempted {
            lane.probe_spent = false;
        }
    }
}
