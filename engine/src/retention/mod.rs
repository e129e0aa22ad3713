//! Takes away what has been kept long enough, without holding up who writes.
//!
//! Two rules, row by row. A delivery goes, with its attempts and its dead letter, when the time in its
//! id is older than the retention, it is final, and no dead letter of it is open. An event goes when
//! the time in its id is, and no delivery of it is left: a redelivery of last week keeps its event.
//! So a delivery never lacks its event, and what is held is held whole.
//!
//! What would be held for ever ends before: a delivery that has been due for the whole retention
//! becomes a dead letter, and a dead letter that nobody has looked at for 90 days is discarded
//! ([`expire`]). Rows go in small chunks with rests in between ([`sweep`], [`pace`]); on Postgres a whole
//! day goes at once, with its partition, after the few rows that are held have been moved
//! ([`partitions`]).
//!
//! Figures have times of their own ([`figures`]).
//!
//! The process that leads does it, every hour. A second one at the same time (a leader that does not
//! know yet that it is none) does no harm: every step is one commit and checks in it what it relies on. So
//! does a crash: what was left is found by the next run.
//!
//! Former states of subscriptions, and the rows of deleted ones and of revoked keys, stay: they are as many as
//! there were changes, not as there were events.

mod expire;
mod figures;
mod pace;
mod partitions;
mod sweep;

use std::time::Duration;

use domain::ids::DeliveryId;
use domain::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::sweep::Sweep;
use crate::context::{Engine, Parts};
use crate::database::{Sql, Transaction};
use crate::error::Error;

const EVERY: Duration = Duration::from_secs(60 * 60);

/// What a run took away, or ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Purged {
    /// Deliveries that had been due for the whole retention: dead letters now.
    pub expired: u64,
    /// Dead letters that had been open for 90 days.
    pub discarded: u64,
    /// Rows that were deleted, but for those of whole partitions.
    pub deliveries: u64,
    pub events: u64,
    /// Commits that deleted rows.
    pub chunks: u64,
    /// Postgres's partitions that were dropped.
    pub partitions: u64,
    /// Minutes, hours and days of figures.
    pub figures: u64,
}

impl Engine {
    /// Takes away every hour, while `leads`, what has been kept long enough; until told to stop.
    pub async fn keep_retention(&self, leads: watch::Receiver<bool>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep_retaining(leads) => {}
        }
    }

    async fn keep_retaining(&self, mut leads: watch::Receiver<bool>) {
        loop {
            if leads.wait_for(|leads| *leads).await.is_err() {
                return std::future::pending().await;
            }
            match self.retain_once().await {
                Ok(purged) if purged == Purged::default() => {}
                Ok(purged) => tracing::info!(
                    expired = purged.expired,
                    discarded = purged.discarded,
                    deliveries = purged.deliveries,
                    events = purged.events,
                    partitions = purged.partitions,
                    figures = purged.figures,
                    "retention.purged"
                ),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "retention.failed");
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Does what is due.
    ///
    /// # Errors
    /// When the database or the queue is away. What was done until then stays done.
    pub async fn retain_once(&self) -> Result<Purged, Error> {
        match self.database.backend() {
            DbBackend::Postgres => self.retain(&self.database.due, "_default").await,
            _ => self.retain(&self.database.lists, "").await,
        }
    }

    /// The same, reading by `read`; what no partition of its own holds is in the tables of this suffix.
    async fn retain(&self, read: &impl Sql, suffix: &str) -> Result<Purged, Error> {
        let parts = self.parts();
        let until = self.clock.now() - self.settings.retention;
        // What ends here has its place among the dead letters before anything is taken away.
        let expired = expire::expire_held(&parts, read, until).await?;
        let discarded = expire::discard_forgotten(&parts).await?;
        let mut purged = Purged { expired, discarded, ..Purged::default() };
        let mut sweep = Sweep::new(&parts, read, &mut purged);
        if read.backend() == DbBackend::Postgres {
            partitions::drop_old(&parts, &mut sweep, until).await?;
        }
        let older = Span { from: Timestamp::from_unix_ms(0), to: until };
        sweep.deliveries(&format!("deliveries{suffix}"), older).await?;
        sweep.dead_letters(older).await?;
        sweep.events(&format!("events{suffix}"), older).await?;
        purged.figures = figures::erase_old(&parts, read).await?;
        Ok(purged)
    }
}

/// A half-open span of the times in ids.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    fn low(self) -> Uuid {
        DeliveryId::floor(self.from).0
    }

    fn high(self) -> Uuid {
        DeliveryId::floor(self.to).0
    }
}

/// Starts a transaction whose statements find their rows by indexes, whatever Postgres knows of its
/// tables by then.
async fn begin(parts: &Parts) -> Result<Transaction, DbErr> {
    let transaction = parts.database.begin().await?;
    if transaction.backend() == DbBackend::Postgres {
        transaction
            .execute_unprepared(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
            )
            .await?;
    }
    Ok(transaction)
}
