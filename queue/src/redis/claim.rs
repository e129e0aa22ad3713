//! Tickets on their way from Redis to whoever asked for them.

use std::sync::Arc;

use super::calls::{Call, ITEMS_AT_ONCE};
use super::link::Link;
use crate::Ticket;

/// Tickets that a function has handed out. Whoever asked may have stopped waiting: what nobody takes is
/// given back at once, each to the place that it had. (Should that fail, it is left to the leases.)
pub(super) struct Claim {
    link: Arc<Link>,
    tickets: Vec<Ticket>,
}

impl Claim {
    pub(super) fn new(link: Arc<Link>, tickets: Vec<Ticket>) -> Self {
        Self { link, tickets }
    }

    pub(super) fn take(mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.tickets)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.tickets.is_empty() {
            return;
        }
        // Without a runtime the process is about to end, and so are its leases.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (link, tickets) = (self.link.clone(), std::mem::take(&mut self.tickets));
        runtime.spawn(async move {
            for some in tickets.chunks(ITEMS_AT_ONCE) {
                if let Err(error) = link.call(&Call::release(some)).await {
                    tracing::warn!(%error, tickets = some.len(), "queue.not_released");
                }
            }
        });
    }
}
