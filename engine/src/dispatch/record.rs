//! What a group of outcomes writes within its transaction, and what follows once it is committed.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::{DeliveryStatus, HELD, Trigger, Verdict};
use domain::ids::{DeliveryId, EventId, SubscriptionId};
use domain::outcome::{FailureReason, Outcome};
use domain::subscription::DisabledReason;
use domain::time::Timestamp;
use queue::{Completion, Next};

use super::health::{self, Disabled, Noted};
use super::load::{DueDelivery, class_of};
use super::record_rows::{self, Move, attempt_row, insert_attempts};
use crate::clear;
use crate::context::Parts;
use crate::database::GroupTransaction;
use crate::error::Error;
use crate::rollups::Tally;
use crate::store;
use crate::store::subscription::Standing;
use crate::writer::Pass;

/// How long a delivery rests whose outcome could not be stored by itself.
const UNSTORABLE_REST: Duration = Duration::from_secs(60);

/// An attempt that was made, and what comes of it.
#[derive(Debug)]
pub(crate) struct Record {
    pub due: Box<DueDelivery>,
    pub started_at: Timestamp,
    pub outcome: Outcome,
    pub verdict: Verdict,
}

impl Record {
    /// Whether its commit may wait a moment for another's: a replay's, so that what is live is kept waiting less. (In an
    /// ordered lane the next delivery waits for this one.)
    pub(crate) fn goes_along(&self) -> bool {
        self.due.trigger == Trigger::Replay && self.due.ticket.delivery.is_some()
    }
}

/// One of the deliveries that an attempt was made for.
#[derive(Debug, Clone, Copy)]
struct Made<'a> {
    id: DeliveryId,
    event_id: EventId,
    event_type: &'a str,
    trigger: Trigger,
}

impl Record {
    /// All deliveries that the attempt was made for.
    fn deliveries(&self) -> impl Iterator<Item = Made<'_>> {
        let due = &self.due;
        let first = Made {
            id: due.id,
            event_id: due.event_id,
            event_type: &due.event_type,
            trigger: due.trigger,
        };
        let others = due.others().iter().map(|part| Made {
            id: part.id,
            event_id: part.event_id,
            event_type: &part.event_type,
            trigger: part.trigger,
        });
        std::iter::once(first).chain(others)
    }

    fn count(&self, tally: &mut Tally) {
        tally.add_attempt(self.due.tenant, self.due.ticket.lane, self.started_at, &self.outcome);
    }
}

/// What a commit changed beyond the rows of its own deliveries.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// Deliveries that an outcome moved; the others were final already.
    pub moved: HashSet<DeliveryId>,
    /// Subscriptions whose circuit opened, closed, or had a probe.
    pub circuits: Vec<SubscriptionId>,
    /// Subscriptions that were disabled: their waiting deliveries are cleared next.
    pub disabled: Vec<Disabled>,
    /// How many circuits opened.
    pub opened: usize,
    /// Deliveries that became dead letters, and why.
    pub dead: HashMap<DeliveryId, Option<FailureReason>>,
}

/// Writes the outcomes. In the hopeful pass none may come late, whose delivery has become final or was
/// recorded by another worker.
pub(crate) async fn write(
    parts: &Parts,
    db: &GroupTransaction,
    records: &[&Record],
    pass: Pass,
    tally: &mut Tally,
) -> Result<Recorded, Error> {
    let now = parts.clock.now();
    let noted = health::note(db, records, now).await?;
    let mut moves: Vec<Move> =
        records.iter().flat_map(|record| moves_of(record, &noted.ended, now)).collect();
    // Written in key order, so that two processes never wait for each other. Of two outcomes of one
    // delivery (its lease was lost in between) a success counts, else the later attempt.
    moves.sort_unstable_by_key(|one| {
        (one.id, one.status != DeliveryStatus::Succeeded, Reverse(one.number))
    });
    moves.dedup_by_key(|one| one.id);
    let moved = match pass {
        Pass::Careful => record_rows::apply_by_name(db, &moves).await?,
        Pass::Hopeful => {
            record_rows::apply(db, &moves).await?;
            moves.iter().map(|one| one.id).collect()
        }
    };

    let mut by_id: Vec<&Record> = records
        .iter()
        .copied()
        .filter(|record| record.deliveries().any(|part| moved.contains(&part.id)))
        .collect();
    by_id.sort_unstable_by_key(|record| record.due.attempts_id());
    let attempts: Vec<_> = by_id
        .iter()
        .map(|record| attempt_row(&record.due, record.started_at, &record.outcome))
        .collect();
    match pass {
        Pass::Hopeful => {
            insert_attempts(db, &attempts).await?;
            by_id.iter().for_each(|record| record.count(tally));
        }
        Pass::Careful => {
            let mut new = record_rows::insert_attempts_by_name(db, &attempts).await?;
            let is_new = |record: &&&Record| {
                new.remove(&(
                    record.due.attempts_id(),
                    record_rows::small(record.due.progress.number),
                ))
            };
            by_id.iter().filter(is_new).for_each(|record| record.count(tally));
        }
    }

    let is_dead = |one: &&Move| one.status == DeliveryStatus::Failed && moved.contains(&one.id);
    let dead: HashMap<DeliveryId, Option<FailureReason>> =
        moves.iter().filter(is_dead).map(|one| (one.id, one.failure_reason)).collect();
    let mut letters: Vec<store::dead_letter::New<'_>> = by_id
        .iter()
        .flat_map(|record| record.deliveries().map(|part| (&record.due, part)))
        .filter(|(_, part)| dead.contains_key(&part.id))
        .map(|(due, part)| store::dead_letter::New {
            delivery_id: part.id,
            tenant_id: due.tenant,
            event_id: part.event_id,
            subscription_id: due.ticket.lane,
            event_type: part.event_type,
            dead_at: now,
        })
        .collect();
    letters.sort_unstable_by_key(|letter| letter.delivery_id);
    store::dead_letter::insert(db, &letters, tally).await?;
    // Only a later delivery of an event can find an earlier one dead.
    let successes = by_id.iter().filter(|record| record.verdict == Verdict::Succeeded);
    let later = successes.flat_map(|record| {
        let later = record.deliveries().filter(|part| part.trigger != Trigger::Event);
        later.map(|part| (record.due.ticket.lane, part.event_id))
    });
    let later: Vec<(SubscriptionId, EventId)> =
        later.collect::<BTreeSet<_>>().into_iter().collect();
    store::dead_letter::resolve_earlier(db, &later, &letters, now).await?;
    let Noted { circuits, opened, mut disabled, .. } = noted;
    disabled.extend(disable_gone(db, &by_id, now).await?);
    Ok(Recorded { moved, circuits, disabled, opened, dead })
}

/// What becomes of the deliveries that the attempt was made for: the same of all, but that of a batch the leader
/// alone is due again.
fn moves_of(
    record: &Record,
    ended: &HashMap<SubscriptionId, DeliveryStatus>,
    now: Timestamp,
) -> impl Iterator<Item = Move> {
    let first = move_of(record, ended, now);
    let held = first.next_attempt_at.map(|_| HELD);
    let others: Vec<Move> = record
        .due
        .others()
        .iter()
        .map(|part| Move { id: part.id, next_attempt_at: held, ..first.clone() })
        .collect();
    std::iter::once(first).chain(others)
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
        (_, Some(DeliveryStatus::Cancelled)) => {
            (DeliveryStatus::Cancelled, None, record.outcome.failure_reason())
        }
        (Verdict::Exhausted | Verdict::Gone, _) => {
            (DeliveryStatus::Failed, None, record.outcome.failure_reason())
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
        last_error: record.outcome.error().map(str::to_owned),
        completed_at: next_attempt_at.is_none().then_some(now),
    }
}

async fn disable_gone(
    db: &GroupTransaction,
    records: &[&Record],
    now: Timestamp,
) -> Result<Vec<Disabled>, Error> {
    let mut disabled = Vec::new();
    for record in records.iter().filter(|record| record.verdict == Verdict::Gone) {
        let (id, tenant) = (record.due.ticket.lane, record.due.tenant);
        let gone = Disabled { id, tenant, reason: DisabledReason::Gone };
        disabled.extend(health::disable(db, gone, now).await?);
    }
    Ok(disabled)
}

/// Says how each ticket goes on once its outcome is committed, and starts what follows from it.
pub(crate) async fn follow_up<'a>(
    parts: &Arc<Parts>,
    records: impl Iterator<Item = &'a Record>,
    mut recorded: Recorded,
) -> Vec<Completion> {
    let now = parts.clock.now();
    parts.metrics.opened(recorded.opened);
    let completions = records.map(|record| {
        count(parts, record, &mut recorded, now);
        if !recorded.moved.contains(&record.due.id) {
            let number = record.due.progress.number;
            tracing::info!(delivery.id = %record.due.id, attempt.number = number, "attempt.late");
        }
        completion(record, &recorded, now)
    });
    let completions = completions.collect();
    // Before the tickets are completed: what is handed out next is handed out by the new settings.
    for subscription in recorded.circuits {
        if let Err(error) = tell(parts, subscription).await {
            tracing::warn!(error = &error as &dyn std::error::Error, subscription.id = %subscription, "lane.configure_failed");
        }
    }
    for Disabled { id, tenant, reason } in recorded.disabled {
        parts.metrics.disabled(reason);
        clear::start(parts.clone(), tenant, id);
    }
    completions
}

/// Counts what an outcome came to, and says when it was a dead letter.
fn count(parts: &Parts, record: &Record, recorded: &mut Recorded, now: Timestamp) {
    let due = &record.due;
    for part in record.deliveries() {
        if record.verdict == Verdict::Succeeded && recorded.moved.contains(&part.id) {
            parts.metrics.delivered(part.id, part.trigger, now);
        }
        // Taken out: of two outcomes of one delivery one made the letter.
        if let Some(reason) = recorded.dead.remove(&part.id) {
            parts.metrics.died(reason, 1);
            tracing::info!(
                tenant.id = %due.tenant,
                event.id = %part.event_id,
                subscription.id = %due.ticket.lane,
                delivery.id = %part.id,
                attempt.number = due.progress.number,
                failure_reason = reason.map(FailureReason::as_str),
                "delivery.dead"
            );
        }
    }
}

/// Tells the queue how a lane is served by now. A failure costs time only: the reconciler mends it.
async fn tell(parts: &Parts, subscription: SubscriptionId) -> Result<(), Error> {
    let row = store::subscription::find_across_tenants(&parts.database.read, subscription).await?;
    match row.filter(|row| !Standing::of(row).has_ended()) {
        Some(row) => parts.configure_lane(&row).await,
        None => Ok(()),
    }
}

/// Lets a delivery rest whose outcome cannot be stored even by itself.
pub(crate) fn rest(record: &Record, error: &Error) -> Completion {
    tracing::error!(error = error as &dyn std::error::Error, delivery.id = %record.due.id, "attempt.unstorable");
    let class = class_of(record.due.trigger, record.due.progress.number);
    Completion {
        ticket: *record.due.ticket,
        next: Next::DueIn { delay: UNSTORABLE_REST, class },
        feedback: queue::Feedback::Unattempted,
    }
}

fn completion(record: &Record, recorded: &Recorded, now: Timestamp) -> Completion {
    let due = &record.due;
    let next = match record.verdict {
        Verdict::RetryAt(at) if recorded.moved.contains(&due.id) => {
            Next::DueIn { delay: at.since(now), class: class_of(due.trigger, due.progress.number) }
        }
        // An ordered lane goes on with its next number; the load finds out whether there is one.
        _ if due.ticket.delivery.is_none() => {
            Next::DueIn { delay: Duration::ZERO, class: due.ticket.class }
        }
        _ => Next::Done,
    };
    Completion { ticket: *due.ticket, next, feedback: DueDelivery::feedback(&record.outcome) }
}
