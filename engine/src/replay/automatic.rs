//! Dead letters that come back by themselves, once their receiver has been well for as long as its subscription asks.

use domain::audit::Action;
use domain::event_type::EventTypePatterns;
use domain::limits;
use domain::replay::{Choice, FailureReasons, PastStatus, PastStatuses, Plan};
use domain::stats::{Bucket, StatsWindow};
use domain::time::Timestamp;
use entity::subscription::Model as Subscription;
use std::time::Duration;

use crate::audit::{Act, note_unasked};
use crate::context::Engine;
use crate::error::Error;
use crate::store;
use crate::store::rollup::Scope;

impl Engine {
    /// Starts the replays that are due.
    pub(super) async fn start_automatic_replays(&self) -> Result<(), Error> {
        let db = &self.database.read;
        for row in store::subscription::to_replay_across_tenants(db).await? {
            if self.is_automatic_replay_due(&row).await? {
                self.start_automatic_replay(&row).await?;
            }
        }
        Ok(())
    }

    async fn is_automatic_replay_due(&self, row: &Subscription) -> Result<bool, Error> {
        let (Some(policy), db) = (row.auto_replay, &self.database.read) else { return Ok(false) };
        // Those that came after somebody has looked at the subscription, and left dead letters.
        let most = policy.max();
        let last = store::replay::last_automatic(db, row.id, row.updated_at, most).await?;
        let is_under_way = last.iter().any(|replay| replay.completed_at.is_none());
        let futile = last.iter().take_while(|replay| replay.failed > 0).count();
        if is_under_way || futile >= most as usize {
            return Ok(false);
        }
        let minutes = Duration::from_secs(u64::from(policy.healthy_minutes()) * 60);
        let now = self.clock.now();
        // What came of the last one counts anew.
        let since = last.first().and_then(|replay| replay.completed_at).unwrap_or(row.updated_at);
        if now.since(since.max(row.created_at)) < minutes {
            return Ok(false);
        }
        let window = StatsWindow::new(Some(now - minutes), Some(now), Bucket::Minute, now);
        let window = window.map_err(|e| Error::internal("a window of health", e))?;
        let scope = Scope { tenant: row.tenant_id, subscription: row.id };
        let series = store::rollup::series(db, scope, &window).await?;
        let has_failed = series.iter().any(|sums| sums.failed() > 0);
        Ok(!has_failed && series.iter().any(|sums| sums.succeeded() > 0))
    }

    async fn start_automatic_replay(&self, row: &Subscription) -> Result<(), Error> {
        let now = self.clock.now();
        let choice = Choice {
            from: Timestamp::from_unix_ms(0),
            to: now,
            subscription: Some(row.id),
            event_types: EventTypePatterns::default(),
            statuses: PastStatuses::one(PastStatus::Failed),
            failure_reasons: FailureReasons::default(),
        };
        let rate_per_second = limits::REPLAY_PER_SECOND_DEFAULT;
        let plan = Plan { choice, rate_per_second, is_dry_run: false };
        let matched = self.count_replay(row.tenant_id, &plan).await?;
        let transaction = self.database.begin().await?;
        let replay = self.insert_replay(&transaction, row.tenant_id, plan, (matched, true)).await?;
        let act = Act::new(Action::ReplayCreated, row.tenant_id, replay.id);
        note_unasked(&transaction, act, now).await?;
        transaction.commit().await?;
        tracing::info!(replay.id = %replay.id, subscription.id = %row.id, matched, "replay.automatic");
        Ok(())
    }
}
