//! How far this process's clock is from the database's.
//!
//! Rows carry the times of whoever writes them, so processes that share a database must agree on what time
//! it is. Asked now and then in the background; `/readyz` and `/metrics` show what was found last.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sea_orm::DbBackend;
use tokio_util::sync::CancellationToken;

use crate::context::Engine;
use crate::database::query_one;
use crate::error::Error;

/// What a process may be off without anybody noticing.
const TOLERATED: Duration = Duration::from_secs(2);
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// A question that took longer says too little of when it was answered.
const ANSWER_TIME: Duration = Duration::from_secs(1);
/// Nothing has been found out.
const UNKNOWN: i64 = i64::MIN;

/// What was found last.
#[derive(Debug)]
pub struct ClockSkew(AtomicI64);

impl Default for ClockSkew {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl ClockSkew {
    /// Milliseconds that this process is ahead of the database, negative when behind; `None` when it has
    /// not been found out, or the database has no clock of its own (SQLite).
    pub fn millis(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|skew| *skew != UNKNOWN)
    }

    /// The same, when it is more than may be.
    pub fn beyond_tolerance(&self) -> Option<i64> {
        self.millis().filter(|skew| Duration::from_millis(skew.unsigned_abs()) > TOLERATED)
    }
}

impl Engine {
    /// Compares the clocks until told to stop.
    pub async fn watch_clock(&self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.check_clock().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "clock.not_checked");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(CHECK_EVERY) => {}
            }
        }
    }

    /// Compares the clocks once.
    ///
    /// # Errors
    /// When the database is away: what was known stays.
    pub async fn check_clock(&self) -> Result<(), Error> {
        if self.database.backend() != DbBackend::Postgres {
            return Ok(());
        }
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let asked = self.clock.now();
        let row = query_one(&self.database.read, sql, Vec::new()).await?;
        let took = self.clock.now().since(asked);
        let Some(row) = row.filter(|_| took <= ANSWER_TIME) else { return Ok(()) };
        let theirs: i64 = row.get(0)?;
        let half_way = i64::try_from(took.as_millis() / 2).unwrap_or(0);
        let skew = asked.unix_ms() + half_way - theirs;
        let was_off = self.skew.beyond_tolerance().is_some();
        self.skew.0.store(skew, Ordering::Relaxed);
        match (was_off, self.skew.beyond_tolerance()) {
            (false, Some(skew_ms)) => tracing::warn!(skew_ms, "clock.off"),
            (true, None) => tracing::info!(skew_ms = skew, "clock.on_time"),
            _ => {}
        }
        Ok(())
    }
}
