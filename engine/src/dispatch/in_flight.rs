//! The tickets that this process is working on.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use domain::ids::SubscriptionId;
use parking_lot::Mutex;
use queue::{LeaseToken, Ticket};

/// Tickets from before their rows are read until their outcome is committed.
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    tickets: Arc<Mutex<HashMap<Key, Ticket>>>,
}

type Key = (SubscriptionId, LeaseToken);

/// A ticket that this process is working on for as long as this exists: its lease is renewed. Dropped,
/// also by a panic, the lease runs out.
#[derive(Debug)]
pub struct Held {
    ticket: Ticket,
    among: Option<InFlight>,
}

impl InFlight {
    /// Takes up a ticket.
    pub(crate) fn begin(&self, ticket: Ticket) -> Held {
        self.tickets.lock().insert(key(&ticket), ticket);
        Held { ticket, among: Some(self.clone()) }
    }

    /// All of them.
    pub fn tickets(&self) -> Vec<Ticket> {
        self.tickets.lock().values().copied().collect()
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

impl Held {
    /// A ticket that no queue knows: of a delivery that goes past its lane.
    pub(crate) fn past_the_lane(ticket: Ticket) -> Self {
        Self { ticket, among: None }
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
        if let Some(among) = &self.among {
            among.tickets.lock().remove(&key(&self.ticket));
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
        let lane = SubscriptionId::derive(Timestamp::from_unix_ms(1_768_996_800_000), &[]);
        let ticket = |lease| Ticket {
            lane,
            delivery: None,
            class: Class::First,
            lease: LeaseToken(lease),
            waited: Duration::ZERO,
            probe: false,
        };
        let in_flight = InFlight::default();
        let first = in_flight.begin(ticket(1));
        let second = in_flight.begin(ticket(2));
        assert_eq!(in_flight.len(), 2);
        drop(first);
        assert_eq!(in_flight.tickets(), [*second]);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _held = second;
            panic!("as a worker might");
        }));
        assert!(panicked.is_err() && in_flight.is_empty());
    }
}
