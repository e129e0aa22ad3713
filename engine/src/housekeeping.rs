//! What has to be done every hour: partitions made ahead of time, kept answers that have had their
//! day, portal links that have ended and requests that bins have kept long enough erased.

use std::time::Duration;

use domain::ids::DeliveryId;
use domain::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use tokio_util::sync::CancellationToken;

use crate::context::Engine;
use crate::database::execute;
use crate::partition::{DAY, Parent, day_of};

const EVERY: Duration = Duration::from_secs(60 * 60);
/// Days for which partitions are made before they begin.
const DAYS_AHEAD: u32 = 7;
/// Rows erased by one statement.
const CHUNK_ROWS: i64 = 500;

impl Engine {
    /// Keeps house until told to stop.
    pub async fn keep_house(&self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.keep_house_once().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping.failed");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Does what is due.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn keep_house_once(&self) -> Result<(), DbErr> {
        let now = self.clock.now();
        if self.database.backend() == DbBackend::Postgres {
            self.make_partitions(now).await?;
        }
        self.erase_old_answers(now).await?;
        self.erase_ended_links(now).await?;
        self.erase_ended_sessions(now).await?;
        self.erase_old_bin_requests(now).await?;
        self.erase_ended_replays(now).await
    }

    /// Makes the partitions of today and the next days (UTC). Ids carry their time, so each day is a
    /// range of ids; what fits none of them goes to the default partition.
    async fn make_partitions(&self, now: Timestamp) -> Result<(), DbErr> {
        let today = day_of(now);
        // Until when all are there.
        let mut there = today + DAY * (DAYS_AHEAD + 1);
        for ahead in 0..=DAYS_AHEAD {
            let (from, to) = (today + DAY * ahead, today + DAY * (ahead + 1));
            let (low, high) = (DeliveryId::floor(from).0, DeliveryId::floor(to).0);
            for parent in Parent::ALL {
                let (table, partition) = (parent.name(), parent.partition(from));
                let sql = format!(
                    "CREATE TABLE IF NOT EXISTS {partition} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}')"
                );
                // Rows of the day in the default partition (a process that was off for a week) refuse
                // it; they are as good there.
                if let Err(error) = self.database.read.execute_unprepared(&sql).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        table,
                        partition,
                        "partition.not_made"
                    );
                    there = there.min(from);
                }
            }
        }
        self.database.named_days.are(today..there);
        Ok(())
    }

    async fn erase_old_answers(&self, now: Timestamp) -> Result<(), DbErr> {
        let sql = "DELETE FROM idempotency_keys WHERE claim IN \
                   (SELECT claim FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT ?)";
        self.erase_until(sql, now - domain::limits::IDEMPOTENCY_KEPT).await
    }

    /// Who made and revoked them is in the audit log.
    async fn erase_ended_links(&self, now: Timestamp) -> Result<(), DbErr> {
        let sql = "DELETE FROM portal_links WHERE id IN \
                   (SELECT id FROM portal_links WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)";
        self.erase_until(sql, now).await
    }

    async fn erase_ended_sessions(&self, now: Timestamp) -> Result<(), DbErr> {
        let sql = "DELETE FROM sessions WHERE hash IN \
                   (SELECT hash FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)";
        self.erase_until(sql, now).await
    }

    async fn erase_old_bin_requests(&self, now: Timestamp) -> Result<(), DbErr> {
        let sql = "DELETE FROM bin_requests WHERE id IN \
                   (SELECT id FROM bin_requests WHERE received_at <= ? ORDER BY received_at LIMIT ?)";
        self.erase_until(sql, now - domain::limits::BIN_REQUEST_KEPT).await
    }

    /// They are kept as long as their deliveries are.
    async fn erase_ended_replays(&self, now: Timestamp) -> Result<(), DbErr> {
        let sql = "DELETE FROM replays WHERE id IN \
                   (SELECT id FROM replays WHERE completed_at <= ? ORDER BY completed_at LIMIT ?)";
        self.erase_until(sql, now - self.settings.retention).await
    }

    /// Runs a statement that erases so many rows up to an instant until it finds none.
    async fn erase_until(&self, sql: &str, until: Timestamp) -> Result<(), DbErr> {
        loop {
            let transaction = self.database.begin().await?;
            let values = vec![until.into(), CHUNK_ROWS.into()];
            let erased = execute(&transaction, sql, values).await?;
            transaction.commit().await?;
            if erased == 0 {
                return Ok(());
            }
        }
    }
}
