//! The way out: loads what a ticket names, and records what came of it.
//!
//! Both are done in groups of whatever waits. A ticket is completed only after its outcome is
//! committed: whatever happens before that, the delivery is still due.

mod attempt;
mod fresh;
mod health;
mod in_flight;
mod load;
pub(crate) mod news;
mod record;
mod record_rows;
mod rows;
mod target;
pub mod wire;

use domain::delivery::Verdict;
use domain::outcome::Outcome;
use domain::time::Timestamp;
use queue::Ticket;

use crate::context::Engine;
use crate::error::Error;

pub use fresh::{Content, Fresh};
pub(crate) use fresh::{FreshDelivery, Mark};
pub use in_flight::{Held, InFlight};
pub use load::{DueDelivery, Loader};
pub use news::Audience;
pub(crate) use record::{Record, Recorded, follow_up, rest, write};
pub(crate) use record_rows::{attempt_row, insert_attempts, number_of};
pub use target::{Target, Targets};

impl Engine {
    /// What the ticket names, if it is still due. What is not is completed here: nothing is owed.
    ///
    /// # Errors
    /// When the database is away; the ticket has been given back.
    pub async fn load(&self, ticket: &Ticket) -> Result<Option<Box<DueDelivery>>, Error> {
        self.loader.load(*ticket).await
    }

    /// Commits an outcome and its verdict together with others, then completes the ticket. Returns
    /// when both are done; while the database is away, it waits.
    pub async fn record(
        &self,
        due: Box<DueDelivery>,
        started_at: Timestamp,
        outcome: Outcome,
        verdict: Verdict,
    ) {
        self.writer.record(Record { due, started_at, outcome, verdict }).await;
    }

    /// Renews the leases of everything in flight; called every few seconds.
    pub async fn renew_leases(&self) {
        let tickets = self.in_flight.tickets();
        match self.lanes.queue().extend_lease(&tickets).await {
            // A lost lease means that another worker may send the same again: the outcome at hand is
            // recorded all the same, under the attempt that it was loaded as.
            Ok(lost) if !lost.is_empty() => {
                self.metrics.leases_lost.inc_by(lost.len() as u64);
                tracing::warn!(deliveries = lost.len(), "lease.lost");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "lease.renewal_failed")
            }
        }
    }
}
