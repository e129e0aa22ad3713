//! Replays.

use domain::delivery::DeliveryStatus;
use domain::ids::{DeliveryId, Of, ReplayId, SubscriptionId};
use domain::replay::ReplayStatus;
use domain::time::Timestamp;
use entity::replay::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Page, Whose};
use crate::database::{Sql, execute, query_all, query_one};

/// Which replays a list is to show; empty lists mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub statuses: Vec<ReplayStatus>,
    pub subscriptions: Vec<SubscriptionId>,
}

/// The tenant's replay of an id.
pub async fn find(db: &impl ConnectionTrait, replay: Of<ReplayId>) -> Result<Option<Model>, DbErr> {
    let query = Entity::find_by_id(replay.id());
    query.filter(Column::TenantId.eq(replay.tenant())).one(db).await
}

/// Newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<ReplayId>,
) -> Result<Vec<Model>, DbErr> {
    let mut query =
        whose.of(Entity::find(), Column::TenantId).order_by_desc(Column::Id).limit(page.limit);
    if !filter.statuses.is_empty() {
        query = query.filter(Column::Status.is_in(filter.statuses.iter().copied()));
    }
    if !filter.subscriptions.is_empty() {
        query = query.filter(Column::SubscriptionId.is_in(filter.subscriptions.iter().copied()));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}

/// Those that are under way, oldest first: they have something to send, or something that is not final.
pub async fn unfinished_across_tenants(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::CompletedAt.is_null()).order_by_asc(Column::Id).all(db).await
}

/// The last replays of a subscription that nobody has asked for, made since an instant, the newest first.
pub async fn last_automatic(
    db: &impl ConnectionTrait,
    subscription: SubscriptionId,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Automatic.eq(true))
        .filter(Column::SubscriptionId.eq(subscription))
        .filter(Column::CreatedAt.gte(since))
        .order_by_desc(Column::Id)
        .limit(u64::from(limit))
        .all(db)
        .await
}

/// Stores a new replay.
pub async fn insert(db: &impl ConnectionTrait, replay: ActiveModel) -> Result<Model, DbErr> {
    replay.insert(db).await
}

/// Moves a replay from one status to another; `false` when it was not in the former. Its row is taken for the
/// rest of the transaction.
pub async fn move_on(
    db: &impl Sql,
    replay: Of<ReplayId>,
    from: ReplayStatus,
    to: ReplayStatus,
) -> Result<bool, DbErr> {
    let sql = "UPDATE replays SET status = ? WHERE id = ? AND tenant_id = ? AND status = ?";
    let values = vec![to.into(), replay.id().into(), replay.tenant().into(), from.into()];
    Ok(execute(db, sql, values).await? > 0)
}

/// Takes the next step of a running replay, whose row is taken with it; `false` when somebody else has, or it runs
/// no more.
pub async fn begin_step(db: &impl Sql, replay: &Model) -> Result<bool, DbErr> {
    let sql = "UPDATE replays SET steps = steps + 1 WHERE id = ? AND steps = ? AND status = ?";
    let values = vec![replay.id.into(), replay.steps.into(), ReplayStatus::Running.into()];
    Ok(execute(db, sql, values).await? > 0)
}

/// What a step came to.
#[derive(Debug)]
pub struct Step {
    pub stage: i16,
    pub cursor: Option<Vec<u8>>,
    pub enqueued: usize,
    pub skipped: usize,
}

/// Notes what the step came to, in the transaction that began it.
pub async fn end_step(db: &impl Sql, id: ReplayId, step: Step) -> Result<(), DbErr> {
    let sql = "UPDATE replays SET stage = ?, cursor = ?, enqueued = enqueued + ?, skipped = skipped + ? WHERE id = ?";
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    let values = vec![
        step.stage.into(),
        step.cursor.into(),
        count(step.enqueued).into(),
        count(step.skipped).into(),
        id.into(),
    ];
    execute(db, sql, values).await.map(drop)
}

/// How a replay's deliveries stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub succeeded: i64,
    pub failed: i64,
    /// Not attempted yet, or due again.
    pub unfinished: i64,
}

/// Counts a replay's deliveries.
pub async fn count(db: &impl Sql, id: ReplayId) -> Result<Counts, DbErr> {
    let sql = "SELECT status, COUNT(*) FROM deliveries WHERE replay_id = ? GROUP BY status";
    let mut counts = Counts::default();
    for row in query_all(db, sql, vec![id.into()]).await? {
        let rows: i64 = row.get(1)?;
        match row.get(0)? {
            DeliveryStatus::Succeeded => counts.succeeded += rows,
            DeliveryStatus::Failed => counts.failed += rows,
            DeliveryStatus::Pending | DeliveryStatus::Retrying => counts.unfinished += rows,
            DeliveryStatus::Cancelled => {}
        }
    }
    Ok(counts)
}

/// Notes that all is final, unless more has been made since; a running replay is completed by that.
pub async fn complete(
    db: &impl Sql,
    replay: &Model,
    counts: Counts,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let sql = "UPDATE replays SET succeeded = ?, failed = ?, completed_at = ?, \
               status = CASE WHEN status = 'running' THEN 'completed' ELSE status END \
               WHERE id = ? AND steps = ? AND status = ? AND completed_at IS NULL";
    let values = vec![
        counts.succeeded.into(),
        counts.failed.into(),
        now.into(),
        replay.id.into(),
        replay.steps.into(),
        replay.status.into(),
    ];
    Ok(execute(db, sql, values).await? > 0)
}

/// How many of a replay's first attempts have been due since `until` in lanes that are served.
pub async fn count_overdue(db: &impl Sql, id: ReplayId, until: Timestamp) -> Result<i64, DbErr> {
    let sql = "SELECT COUNT(*) FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id \
               WHERE d.replay_id = ? AND d.status = ? AND d.next_attempt_at <= ? \
               AND s.status = 'active' AND s.deleted_at IS NULL AND s.probe_at IS NULL \
               AND NOT (s.gathers AND d.sequence IS NOT NULL)";
    let values = vec![id.into(), DeliveryStatus::Pending.into(), until.into()];
    query_one(db, sql, values).await?.map_or(Ok(0), |row| row.get(0))
}

/// Holds what a replay has made and nobody has attempted, nor put into a batch: it is due at `until`, and keeps nobody back in an
/// ordered lane.
pub async fn hold(db: &impl Sql, id: ReplayId, until: Timestamp) -> Result<(), DbErr> {
    let sql = "UPDATE deliveries SET next_attempt_at = ?, sequence = NULL \
               WHERE replay_id = ? AND status = ? AND batch_id IS NULL";
    let values = vec![until.into(), id.into(), DeliveryStatus::Pending.into()];
    execute(db, sql, values).await.map(drop)
}

/// Lets go what was held: it is due now, and joins ordered lanes, and those that gather, at their end.
pub async fn release(db: &impl Sql, id: ReplayId, now: Timestamp) -> Result<(), DbErr> {
    let held = "SELECT d.id, d.subscription_id FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id \
                WHERE d.replay_id = ? AND d.status = ? AND d.batch_id IS NULL AND (s.ordered OR s.gathers) ORDER BY d.subscription_id, d.id";
    let values = vec![id.into(), DeliveryStatus::Pending.into()];
    for row in query_all(db, held, values).await? {
        let number = crate::publish::rows::take_sequence(db, row.get(1)?, 1).await?;
        let sql = "UPDATE deliveries SET sequence = ? WHERE id = ?";
        execute(db, sql, vec![number.into(), row.get::<DeliveryId>(0)?.into()]).await?;
    }
    let sql = "UPDATE deliveries SET next_attempt_at = ? WHERE replay_id = ? AND status = ? AND batch_id IS NULL";
    let values = vec![now.into(), id.into(), DeliveryStatus::Pending.into()];
    execute(db, sql, values).await.map(drop)
}

/// The lanes in which a replay's first attempts wait.
pub async fn lanes_waiting(db: &impl Sql, id: ReplayId) -> Result<Vec<SubscriptionId>, DbErr> {
    let sql = "SELECT DISTINCT subscription_id FROM deliveries WHERE replay_id = ? AND status = ?";
    let rows = query_all(db, sql, vec![id.into(), DeliveryStatus::Pending.into()]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Cancels what a replay has made and nobody has attempted, nor put into a batch.
pub async fn cancel(db: &impl Sql, id: ReplayId, now: Timestamp) -> Result<(), DbErr> {
    let sql = "UPDATE deliveries SET status = ?, next_attempt_at = NULL, completed_at = ? \
               WHERE replay_id = ? AND status = ? AND batch_id IS NULL";
    let values = vec![
        DeliveryStatus::Cancelled.into(),
        now.into(),
        id.into(),
        DeliveryStatus::Pending.into(),
    ];
    execute(db, sql, values).await.map(drop)
}
