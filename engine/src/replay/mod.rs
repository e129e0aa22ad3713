//! Sends many old events again, chosen by a window of time and what became of them.
//!
//! Whoever leads works on all that are under way. Each step is one commit of a replay's next deliveries together
//! with how far it has come ([`step`]), so a crash costs nothing and makes nothing twice. Deliveries are made a
//! moment before they are due, evenly spread by the replay's rate, and none while those before are not attempted:
//! so the rate holds whatever a receiver does, little is in the lanes, and pausing and cancelling hold at once.

mod automatic;
mod find;
mod pace;
mod step;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::ids::{Of, ReplayId, TenantId};
use domain::replay::{Choice, Plan, ReplayStatus};
use domain::time::Timestamp;
use entity::replay::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::context::{Engine, on_a_thread};
use crate::database::Transaction;
use crate::error::Error;
use crate::{reconcile, store};
use find::Place;
use pace::{AHEAD, Pace};

/// How often those under way are gone on with, and how often others are looked for. Each time costs a commit that
/// keeps others waiting, so it is not often.
const TICK: Duration = Duration::from_millis(250);
/// How soon one is gone on with that wants more than a step has.
const AT_ONCE: Duration = Duration::from_millis(5);
const IDLE: Duration = Duration::from_millis(500);
/// How often it is counted whether all is final, and whether the lanes keep up.
const COUNT_EVERY: Duration = Duration::from_millis(500);
/// How often it is looked whether dead letters are to come back by themselves.
const AUTOMATIC_EVERY: Duration = Duration::from_secs(5);
/// Deliveries of one step.
const STEP_ROWS: usize = 500;

/// What replays need next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// None runs.
    Nothing,
    /// Their next slots, some time.
    Later,
    /// Another step: there are more slots than one fills.
    More,
}

impl Engine {
    /// How many deliveries a plan would make: events at subscriptions, each pair once.
    ///
    /// # Errors
    /// `Invalid` when too many events would have to be looked through, or when the database is away.
    pub async fn count_replay(&self, tenant: TenantId, plan: &Plan) -> Result<u64, Error> {
        find::count(self, tenant, &plan.choice).await
    }

    /// Stores a new replay within `db`, of which so many deliveries are expected. What is made from now on is not
    /// meant by it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn create_replay(
        &self,
        db: &Transaction,
        tenant: TenantId,
        plan: Plan,
        matched: u64,
    ) -> Result<Model, Error> {
        self.insert_replay(db, tenant, plan, (matched, false)).await
    }

    async fn insert_replay(
        &self,
        db: &Transaction,
        tenant: TenantId,
        plan: Plan,
        (matched, is_automatic): (u64, bool),
    ) -> Result<Model, Error> {
        let now = self.clock.now();
        let (stage, cursor) = Place::first(&plan.choice).write();
        let row = ActiveModel {
            id: Set(ReplayId::generate(now, &mut self.rng())),
            tenant_id: Set(tenant),
            from_at: Set(plan.choice.from),
            to_at: Set(plan.choice.to.min(now)),
            subscription_id: Set(plan.choice.subscription),
            event_types: Set(plan.choice.event_types),
            statuses: Set(plan.choice.statuses),
            failure_reasons: Set(plan.choice.failure_reasons),
            rate_per_second: Set(plan.rate_per_second),
            automatic: Set(is_automatic),
            status: Set(ReplayStatus::Running),
            matched: Set(i64::try_from(matched).unwrap_or(i64::MAX)),
            enqueued: Set(0),
            skipped: Set(0),
            succeeded: Set(0),
            failed: Set(0),
            stage: Set(stage),
            cursor: Set(cursor),
            steps: Set(0),
            created_at: Set(now),
            completed_at: Set(None),
        };
        Ok(store::replay::insert(db, row).await?)
    }

    /// Holds a running replay within `db`: nothing of it is attempted for the first time from this commit on.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such replay, `Conflict` when it is not running.
    pub async fn pause_replay(
        &self,
        db: &Transaction,
        replay: Of<ReplayId>,
    ) -> Result<Model, Error> {
        self.move_replay(db, replay, &[ReplayStatus::Running], ReplayStatus::Paused).await?;
        store::replay::hold(db, replay.id(), domain::delivery::HELD).await?;
        self.replay_as_it_is(db, replay).await
    }

    /// Lets a paused replay go on within `db`. The caller commits, then calls [`Engine::replay_resumed`].
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such replay, `Conflict` when it is not paused.
    pub async fn resume_replay(
        &self,
        db: &Transaction,
        replay: Of<ReplayId>,
    ) -> Result<Model, Error> {
        self.move_replay(db, replay, &[ReplayStatus::Paused], ReplayStatus::Running).await?;
        store::replay::release(db, replay.id(), self.clock.now()).await?;
        self.replay_as_it_is(db, replay).await
    }

    /// To be called once a resumption is committed: tells the queue of what was held. A failure costs time only.
    pub async fn replay_resumed(&self, replay: &Model) {
        let told = async {
            for lane in store::replay::lanes_waiting(&self.database.read, replay.id).await? {
                if let Some(row) =
                    store::subscription::find_across_tenants(&self.database.read, lane).await?
                {
                    reconcile::fill_lane(self, &row).await?;
                }
            }
            Ok::<(), Error>(())
        };
        if let Err(error) = told.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "queue.push_failed");
        }
    }

    /// Ends a replay within `db`: what has not been attempted is cancelled.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such replay, `Conflict` when it has ended.
    pub async fn cancel_replay(
        &self,
        db: &Transaction,
        replay: Of<ReplayId>,
    ) -> Result<Model, Error> {
        let from = [ReplayStatus::Running, ReplayStatus::Paused];
        self.move_replay(db, replay, &from, ReplayStatus::Cancelled).await?;
        store::replay::cancel(db, replay.id(), self.clock.now()).await?;
        self.replay_as_it_is(db, replay).await
    }

    async fn move_replay(
        &self,
        db: &Transaction,
        replay: Of<ReplayId>,
        from: &[ReplayStatus],
        to: ReplayStatus,
    ) -> Result<(), Error> {
        for status in from {
            if store::replay::move_on(db, replay, *status, to).await? {
                return Ok(());
            }
        }
        let now = self.replay_as_it_is(db, replay).await?;
        Err(Error::Conflict(format!("the replay is {}", now.status.as_str())))
    }

    async fn replay_as_it_is(
        &self,
        db: &Transaction,
        replay: Of<ReplayId>,
    ) -> Result<Model, Error> {
        let row = store::replay::find(db, replay).await?.ok_or(Error::NotFound("replay"))?;
        self.replay_counted(db, row).await
    }

    /// The replay with its deliveries counted as they are now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn replay_counted(
        &self,
        db: &impl crate::database::Sql,
        row: Model,
    ) -> Result<Model, Error> {
        if row.completed_at.is_some() {
            return Ok(row);
        }
        let counts = store::replay::count(db, row.id).await?;
        Ok(Model { succeeded: counts.succeeded, failed: counts.failed, ..row })
    }

    /// Discards a tenant's unresolved dead letters that are chosen, so many a commit; how many.
    ///
    /// # Errors
    /// When the database is away; some are discarded then.
    pub async fn discard_dead_letters(
        &self,
        tenant: TenantId,
        choice: &Choice,
    ) -> Result<u64, Error> {
        let (mut discarded, mut after) = (0, None);
        loop {
            let (db, now) = (self.database.begin().await?, self.clock.now());
            let (rows, next) =
                store::dead_letter::discard_next(&db, tenant, choice, after, STEP_ROWS, now)
                    .await?;
            db.commit().await?;
            discarded += rows as u64;
            if next.is_none() {
                return Ok(discarded);
            }
            after = next;
        }
    }

    /// Works on the replays that are under way while this process `leads`, until told to stop.
    pub async fn keep_replays(&self, leads: watch::Receiver<bool>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep_replaying(leads) => {}
        }
    }

    async fn keep_replaying(&self, mut leads: watch::Receiver<bool>) {
        let mut paces: HashMap<ReplayId, Pace> = HashMap::new();
        let mut looked_at = None;
        loop {
            if leads.wait_for(|leads| *leads).await.is_err() {
                // Nobody will say any more who leads.
                return std::future::pending().await;
            }
            if looked_at.is_none_or(|at: Instant| at.elapsed() >= AUTOMATIC_EVERY) {
                looked_at = Some(Instant::now());
                if let Err(error) = self.start_automatic_replays().await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "replay.not_started");
                }
            }
            let rest = match self.replay_all(&mut paces).await {
                Ok(Need::More) => AT_ONCE,
                Ok(Need::Later) => TICK,
                Ok(Need::Nothing) => IDLE,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "replay.waits");
                    IDLE
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    /// Goes on with each; what they need next.
    async fn replay_all(&self, paces: &mut HashMap<ReplayId, Pace>) -> Result<Need, Error> {
        let unfinished = store::replay::unfinished_across_tenants(&self.database.read).await?;
        paces.retain(|id, _| unfinished.iter().any(|replay| replay.id == *id));
        let mut need = Need::Nothing;
        for replay in &unfinished {
            let pace = paces.entry(replay.id).or_insert_with(|| Pace::new(replay.rate_per_second));
            match self.go_on(replay, pace).await {
                Ok(needs) => need = need.max(needs),
                // One that fails keeps no other back.
                Err(error) => {
                    need = need.max(Need::Later);
                    tracing::warn!(error = &error as &dyn std::error::Error, replay.id = %replay.id, "replay.step_failed");
                }
            }
        }
        Ok(need)
    }

    async fn go_on(&self, replay: &Model, pace: &mut Pace) -> Result<Need, Error> {
        let now = self.clock.now();
        let need = match replay.status {
            ReplayStatus::Running => Need::Later,
            _ => Need::Nothing,
        };
        let is_through = Place::read(replay.stage, replay.cursor.as_deref()) == Place::End;
        if replay.status == ReplayStatus::Paused && !is_through {
            pace.hold();
            return Ok(need);
        }
        if let Some(until) = pace.counts_until(now, COUNT_EVERY) {
            if is_through || replay.status == ReplayStatus::Cancelled {
                return self.end_if_final(replay, now).await.map(|()| need);
            }
            let (parts, id) = (self.parts(), replay.id);
            let overdue = on_a_thread("counting a replay", async move {
                Ok(store::replay::count_overdue(&parts.database.due, id, until).await?)
            });
            pace.leave_room_for(overdue.await?, now);
        }
        if is_through || replay.status != ReplayStatus::Running {
            return Ok(need);
        }
        let room = pace.room(now, STEP_ROWS);
        if room == 0 {
            return Ok(need);
        }
        if let Some(made) = step::step(&self.parts(), replay, pace.slots(), room).await? {
            pace.spend(made);
        }
        Ok(if room == STEP_ROWS { Need::More } else { need })
    }

    async fn end_if_final(&self, replay: &Model, now: Timestamp) -> Result<(), Error> {
        let counts = store::replay::count(&self.database.read, replay.id).await?;
        if counts.unfinished == 0 {
            let transaction = self.database.begin().await?;
            store::replay::complete(&transaction, replay, counts, now).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

const _: () = assert!(AHEAD.as_millis() > TICK.as_millis(), "slots reach until the next tick");
