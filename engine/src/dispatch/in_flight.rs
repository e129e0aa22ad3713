//! The tickets that this process is working on.

use std::collections::HashMap;

use domain::ids::{DeliveryId, SubscriptionId};
use parking_lot::Mutex;
use queue::{LeaseToken, Ticket};

/// Tickets from before their rows are read until their outcome is committed.
#[derive(Debug, Default)]
pub struct InFlight {
    tickets: Mutex<HashMap<(SubscriptionId, LeaseToken), Held>>,
}

#[derive(Debug)]
struct Held {
    ticket: Ticket,
    /// Of an ordered lane's ticket it is known only once the lane's head has been read.
    delivery: Option<DeliveryId>,
}

impl InFlight {
    /// Takes up a ticket. Done before its row is read: whoever changes a subscription's state and
    /// then looks here sees every request that may still go out by the old state.
    pub(crate) fn begin(&self, ticket: Ticket) {
        self.tickets
            .lock()
            .insert((ticket.lane, ticket.lease), Held { ticket, delivery: ticket.delivery });
    }

    /// Says which delivery an ordered lane's ticket turned out to be.
    pub(crate) fn name(&self, ticket: &Ticket, delivery: DeliveryId) {
        if let Some(held) = self.tickets.lock().get_mut(&(ticket.lane, ticket.lease)) {
            held.delivery = Some(delivery);
        }
    }

    /// Lays a ticket down.
    pub(crate) fn end(&self, ticket: &Ticket) {
        self.tickets.lock().remove(&(ticket.lane, ticket.lease));
    }

    /// All of them.
    pub fn tickets(&self) -> Vec<Ticket> {
        self.tickets.lock().values().map(|held| held.ticket).collect()
    }

    /// Deliveries of one subscription that are being worked on.
    pub fn deliveries_of(&self, subscription: SubscriptionId) -> Vec<DeliveryId> {
        let tickets = self.tickets.lock();
        tickets
            .values()
            .filter(|held| held.ticket.lane == subscription)
            .filter_map(|held| held.delivery)
            .collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tickets.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
