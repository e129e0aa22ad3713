//! The tickets that this process is working on.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use domain::ids::{DeliveryId, SubscriptionId};
use parking_lot::Mutex;
use queue::{LeaseToken, Ticket};

/// Tickets from before their rows are read until their outcome is committed.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<Tickets>>);

#[derive(Debug, Default)]
struct Tickets {
    in_hand: HashMap<Key, InHand>,
    /// What ordered lanes' tickets turned out to be.
    heads: HashSet<DeliveryId>,
}

type Key = (SubscriptionId, LeaseToken);

#[derive(Debug)]
struct InHand {
    ticket: Ticket,
    /// Of an ordered lane's ticket it is known only once the lane's head has been read.
    delivery: Option<DeliveryId>,
}

/// A ticket that this process is working on for as long as this exists: its lease is renewed, and
/// whoever clears its subscription waits for it. Dropped, also by a panic, the lease runs out.
#[derive(Debug)]
pub struct Held {
    ticket: Ticket,
    among: Option<InFlight>,
}

impl InFlight {
    /// Takes up a ticket. Done before its row is read: whoever changes a subscription's state and
    /// then looks here sees every request that may still go out by the old state.
    pub(crate) fn begin(&self, ticket: Ticket) -> Held {
        let in_hand = InHand { ticket, delivery: ticket.delivery };
        self.0.lock().in_hand.insert(key(&ticket), in_hand);
        Held { ticket, among: Some(self.clone()) }
    }

    /// All of them.
    pub fn tickets(&self) -> Vec<Ticket> {
        self.0.lock().in_hand.values().map(|in_hand| in_hand.ticket).collect()
    }

    /// Deliveries of one subscription that are being worked on.
    pub fn deliveries_of(&self, subscription: SubscriptionId) -> Vec<DeliveryId> {
        let tickets = self.0.lock();
        tickets
            .in_hand
            .values()
            .filter(|in_hand| in_hand.ticket.lane == subscription)
            .filter_map(|in_hand| in_hand.delivery)
            .collect()
    }

    /// Whether the delivery is out as the head of an ordered lane: a lane that is not ordered any more
    /// does not know which one its last ticket was.
    pub(crate) fn is_head(&self, delivery: DeliveryId) -> bool {
        self.0.lock().heads.contains(&delivery)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.lock().in_hand.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Held {
    /// A ticket that no queue knows: of a delivery that goes past its lane.
    pub(crate) fn past_the_lane(ticket: Ticket) -> Self {
        Self { ticket, among: None }
    }

    /// Says which delivery an ordered lane's ticket turned out to be.
    pub(crate) fn name(&self, delivery: DeliveryId) {
        let Some(among) = &self.among else { return };
        let mut tickets = among.0.lock();
        if let Some(in_hand) = tickets.in_hand.get_mut(&key(&self.ticket)) {
            in_hand.delivery = Some(delivery);
            tickets.heads.insert(delivery);
        }
    }
}

impl Deref for Held {
    type Target = Ticket;

    fn deref(&self) -> &Ticket {
        &self.ticket
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(among) = &self.among else { return };
        let mut tickets = among.0.lock();
        let in_hand = tickets.in_hand.remove(&key(&self.ticket));
        if self.ticket.delivery.is_none()
            && let Some(head) = in_hand.and_then(|in_hand| in_hand.delivery)
        {
            tickets.heads.remove(&head);
        }
    }
}

fn key(ticket: &Ticket) -> Key {
    (ticket.lane, ticket.lease)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Timestamp;
    use queue::Class;
    use std::time::Duration;

    #[test]
    fn a_ticket_is_in_flight_until_it_is_dropped_even_by_a_panic() {
        let now = Timestamp::from_unix_ms(1_768_996_800_000);
        let lane = SubscriptionId::derive(now, &[]);
        let ticket = |lease| Ticket {
            lane,
            delivery: None,
            class: Class::First,
            lease: LeaseToken(lease),
            waited: Duration::ZERO,
            probe: false,
        };
        let in_flight = InFlight::default();
        let head = DeliveryId::derive(now, &[]);
        let first = in_flight.begin(ticket(1));
        first.name(head);
        let second = in_flight.begin(ticket(2));
        assert_eq!((in_flight.len(), in_flight.deliveries_of(lane)), (2, vec![head]));
        assert!(in_flight.is_head(head));
        drop(first);
        assert!(!in_flight.is_head(head));
        assert_eq!(in_flight.tickets(), [*second]);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _held = second;
            panic!("as a worker might");
        }));
        assert!(panicked.is_err() && in_flight.is_empty());
    }
}
