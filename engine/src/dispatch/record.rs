//! Records outcomes, in groups: one commit for all that wait, then the tickets are completed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::{DeliveryStatus, Trigger, Verdict};
use domain::ids::{DeliveryId, SubscriptionId};
use domain::outcome::{FailureReason, Outcome};
use domain::subscription::{DisabledReason, SubscriptionStatus};
use domain::time::Timestamp;
use queue::{Completion, Next};
use sea_orm::DatabaseTransaction;

use super::load::{DueDelivery, class_of};
use super::record_rows::{self, Move, attempt_values, insert_attempts};
use crate::context::Parts;
use crate::error::Error;
use crate::group::Grouped;
use crate::settle;
use crate::store;

/// Outcomes of one commit at most.
const GROUP_OUTCOMES: usize = 500;
/// Outcomes that wait at most: as many as slots of a process.
const WAITING_OUTCOMES: usize = 4_096;
/// How long the recorder waits before it tries again while the database is away.
const DATABASE_AWAY_WAIT: Duration = Duration::from_millis(250);
/// How long a delivery rests whose outcome could not be stored by itself.
const UNSTORABLE_REST: Duration = Duration::from_secs(60);

/// An attempt that was made, and what comes of it.
#[derive(Debug)]
pub(super) struct Record {
    pub due: Box<DueDelivery>,
    pub started_at: Timestamp,
    pub outcome: Outcome,
    pub verdict: Verdict,
}

/// Records outcomes.
#[derive(Debug)]
pub struct Recorder {
    records: Grouped<Record, ()>,
}

impl Recorder {
    pub(crate) fn start(parts: Arc<Parts>) -> Self {
        let records = Grouped::start(1, GROUP_OUTCOMES, WAITING_OUTCOMES, move |records| {
            let parts = parts.clone();
            async move { record_group(&parts, records).await }
        });
        Self { records }
    }

    pub(super) async fn record(&self, record: Record) {
        // Stopped means that the process ends: the row still says that the delivery is due.
        let _ = self.records.ask(record).await;
    }
}

async fn record_group(parts: &Arc<Parts>, records: Vec<Record>) -> Vec<()> {
    let answers = vec![(); records.len()];
    let mut pending = vec![records];
    let mut completions = Vec::with_capacity(answers.len());
    while let Some(group) = pending.pop() {
        match commit(parts, &group).await {
            Ok(committed) => {
                completions.extend(
                    group.iter().map(|record| completion(record, &committed, parts.clock.now())),
                );
                if !committed.disabled.is_empty() {
                    parts.fresh.forget();
                }
                for (subscription, tenant) in committed.disabled {
                    settle::start(parts.clone(), tenant, subscription);
                }
            }
            // What was sent must be known; nothing else is taken up meanwhile.
            Err(Error::Unavailable { source, .. }) => {
                tracing::warn!(
                    error = source.as_ref() as &dyn std::error::Error,
                    "recorder.database_away"
                );
                tokio::time::sleep(DATABASE_AWAY_WAIT).await;
                pending.push(group);
            }
            Err(error) if group.len() == 1 => {
                let record = &group[0];
                tracing::error!(error = &error as &dyn std::error::Error, delivery.id = %record.due.id, "attempt.unstorable");
                let class = class_of(record.due.trigger, record.due.progress.number);
                let next = Next::DueIn { delay: UNSTORABLE_REST, class };
                completions.push(Completion {
                    ticket: record.due.ticket,
                    next,
                    feedback: queue::Feedback::Unattempted,
                });
            }
            Err(_) => {
                let mut group = group;
                let right = group.split_off(group.len() / 2);
                pending.extend([right, group]);
            }
        }
    }
    complete(parts, &completions).await;
    answers
}

async fn complete(parts: &Parts, completions: &[Completion]) {
    if let Err(error) = parts.lanes.queue().complete(completions).await {
        // The rows are right; the leases run out and what is looked at again is dropped as final.
        tracing::warn!(error = &error as &dyn std::error::Error, "queue.complete_failed");
    }
    for completion in completions {
        parts.in_flight.end(&completion.ticket);
    }
}

/// What a commit changed beyond the rows of its own deliveries.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// Deliveries that an outcome moved; the others were final already.
    pub moved: HashSet<DeliveryId>,
    /// Subscriptions that a `410` disabled: their waiting deliveries are settled next.
    pub disabled: Vec<(SubscriptionId, domain::ids::TenantId)>,
}

async fn commit(parts: &Parts, records: &[Record]) -> Result<Recorded, Error> {
    if let Some(recorded) = try_commit(parts, records, Late::None).await? {
        return Ok(recorded);
    }
    let recorded = try_commit(parts, records, Late::Some).await?;
    let recorded = recorded
        .ok_or_else(|| Error::internal("late outcomes were looked for", "and not found"))?;
    for record in records.iter().filter(|record| !recorded.moved.contains(&record.due.id)) {
        let number = record.due.progress.number;
        tracing::info!(delivery.id = %record.due.id, attempt.number = number, "attempt.late");
    }
    Ok(recorded)
}

/// Whether outcomes are expected whose delivery has become final, or was recorded by another worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    /// None, as usual; if there are some, nothing is written.
    None,
    Some,
}

async fn try_commit(
    parts: &Parts,
    records: &[Record],
    late: Late,
) -> Result<Option<Recorded>, Error> {
    let transaction = parts.database.begin().await?;
    let Some(recorded) = write(parts, &transaction, records, late).await? else {
        transaction.rollback().await?;
        return Ok(None);
    };
    transaction.commit().await?;
    Ok(Some(recorded))
}

async fn write(
    parts: &Parts,
    db: &DatabaseTransaction,
    records: &[Record],
    late: Late,
) -> Result<Option<Recorded>, Error> {
    let now = parts.clock.now();
    let ended = ended_subscriptions(db, records).await?;
    let mut moves: Vec<Move> = records.iter().map(|record| move_of(record, &ended, now)).collect();
    // Written in key order, so that two processes never wait for each other.
    moves.sort_unstable_by_key(|one| one.id);
    moves.dedup_by_key(|one| one.id);
    let moved = match late {
        Late::Some => record_rows::apply_by_name(db, &moves).await?,
        Late::None if record_rows::apply(db, &moves).await? < moves.len() => return Ok(None),
        Late::None => moves.iter().map(|one| one.id).collect(),
    };

    let mut by_id: Vec<&Record> =
        records.iter().filter(|record| moved.contains(&record.due.id)).collect();
    by_id.sort_unstable_by_key(|record| record.due.id);
    insert_attempts(
        db,
        by_id
            .iter()
            .map(|record| attempt_values(&record.due, record.started_at, &record.outcome))
            .collect(),
    )
    .await?;

    let is_dead = |one: &&Move| one.status == DeliveryStatus::Failed;
    let dead: HashSet<DeliveryId> = moves.iter().filter(is_dead).map(|one| one.id).collect();
    for due in by_id.iter().map(|record| &record.due).filter(|due| dead.contains(&due.id)) {
        let letter = store::dead_letter::New {
            delivery_id: due.id,
            tenant_id: due.tenant,
            event_id: due.event_id,
            subscription_id: due.ticket.lane,
            event_type: &due.event_type,
            dead_at: now,
        };
        store::dead_letter::insert(db, &letter).await?;
    }
    // Only a later delivery of an event can find an earlier one dead.
    for record in by_id.iter().filter(|record| {
        record.verdict == Verdict::Succeeded && record.due.trigger != Trigger::Event
    }) {
        store::dead_letter::resolve_earlier(db, record.due.ticket.lane, record.due.event_id, now)
            .await?;
    }
    Ok(Some(Recorded { disabled: disable_gone(db, &by_id, now).await?, moved }))
}

/// Subscriptions among the failed records' that were disabled or deleted while the request was in
/// flight: a failure then takes the state of the rest instead of being tried again.
async fn ended_subscriptions(
    db: &DatabaseTransaction,
    records: &[Record],
) -> Result<HashMap<SubscriptionId, DeliveryStatus>, Error> {
    let mut failed: Vec<SubscriptionId> = records
        .iter()
        .filter(|record| record.verdict != Verdict::Succeeded)
        .map(|record| record.due.ticket.lane)
        .collect();
    failed.sort_unstable();
    failed.dedup();
    let mut ended = HashMap::new();
    for row in store::subscription::states_across_tenants(db, &failed).await? {
        if row.is_deleted {
            ended.insert(row.id, DeliveryStatus::Cancelled);
        } else if row.status == SubscriptionStatus::Disabled {
            ended.insert(row.id, DeliveryStatus::Failed);
        }
    }
    Ok(ended)
}

fn move_of(
    record: &Record,
    ended: &HashMap<SubscriptionId, DeliveryStatus>,
    now: Timestamp,
) -> Move {
    let due = &record.due;
    let ended = ended.get(&due.ticket.lane).copied();
    let (status, next_attempt_at, failure_reason) = match (record.verdict, ended) {
        (Verdict::Succeeded, _) => (DeliveryStatus::Succeeded, None, None),
        (Verdict::Exhausted | Verdict::Gone, _) => {
            (DeliveryStatus::Failed, None, record.outcome.failure_reason())
        }
        (Verdict::RetryAt(_), Some(DeliveryStatus::Cancelled)) => {
            (DeliveryStatus::Cancelled, None, record.outcome.failure_reason())
        }
        (Verdict::RetryAt(_), Some(_)) => {
            (DeliveryStatus::Failed, None, Some(FailureReason::SubscriptionDisabled))
        }
        (Verdict::RetryAt(at), None) => {
            (DeliveryStatus::Retrying, Some(at), record.outcome.failure_reason())
        }
    };
    Move {
        id: due.id,
        number: due.progress.number,
        status,
        class: class_of(due.trigger, due.progress.number),
        next_attempt_at,
        last_status_code: record.outcome.status(),
        failure_reason,
        last_error: record.outcome.result.as_ref().err().map(|failure| failure.error.clone()),
        completed_at: next_attempt_at.is_none().then_some(now),
    }
}

async fn disable_gone(
    db: &DatabaseTransaction,
    records: &[&Record],
    now: Timestamp,
) -> Result<Vec<(SubscriptionId, domain::ids::TenantId)>, Error> {
    let mut disabled = Vec::new();
    for record in records.iter().filter(|record| record.verdict == Verdict::Gone) {
        let (subscription, tenant) = (record.due.ticket.lane, record.due.tenant);
        if store::subscription::disable(db, tenant, subscription, DisabledReason::Gone, now).await?
        {
            tracing::warn!(subscription.id = %subscription, tenant.id = %tenant, reason = "gone", "subscription.disabled");
            disabled.push((subscription, tenant));
        }
    }
    Ok(disabled)
}

fn completion(record: &Record, recorded: &Recorded, now: Timestamp) -> Completion {
    let due = &record.due;
    let next = match record.verdict {
        // An ordered lane goes on with its next number; the load finds out whether there is one.
        _ if due.ticket.delivery.is_none() && !matches!(record.verdict, Verdict::RetryAt(_)) => {
            Next::DueIn { delay: Duration::ZERO, class: due.ticket.class }
        }
        Verdict::RetryAt(at) if recorded.moved.contains(&due.id) => {
            Next::DueIn { delay: at.since(now), class: class_of(due.trigger, due.progress.number) }
        }
        _ => Next::Done,
    };
    Completion { ticket: due.ticket, next, feedback: DueDelivery::feedback(&record.outcome) }
}
