//! Loads what tickets name, in groups; drops what is final, superseded or not yet due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::delivery::{HELD, Progress, Trigger};
use domain::ids::{BatchId, DeliveryId, EventId, Of, SubscriptionId, TenantId};
use domain::message::{Message, Payload};
use domain::outcome::Outcome;
use domain::subscription::SubscriptionStatus;
use domain::template::TemplateFault;
use domain::time::Timestamp;
use queue::{Class, Completion, Feedback, Next, Ticket};
use reqwest::header::HeaderMap;

use super::fresh::Content;
use super::in_flight::Held;
use super::rows;
use super::target::Target;
use super::wire::{self, AttemptHead, Subject};
use crate::context::Parts;
use crate::error::Error;
use crate::gather;
use crate::group::Grouped;
use crate::store;
use crate::store::batch::Member;
use crate::store::event::Texts;

/// Tickets loaded by one query at most.
const GROUP_TICKETS: usize = 256;
/// Tickets that wait to be loaded at most; with more slots than that, a worker waits for its turn.
const WAITING_TICKETS: usize = 4_096;
/// How long a ticket rests that could not be loaded.
const REST: Duration = Duration::from_secs(1);

/// One of the deliveries that an attempt is made for.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub event_type: String,
    pub trigger: Trigger,
}

/// The batch that a delivery leads.
#[derive(Debug)]
pub(crate) struct Batch {
    pub id: BatchId,
    /// The other members, but for those that are final.
    pub others: Vec<Part>,
}

/// A delivery that is due, with all that its attempt needs.
#[derive(Debug)]
pub struct DueDelivery {
    pub ticket: Held,
    pub id: DeliveryId,
    pub tenant: TenantId,
    pub event_id: EventId,
    pub event_type: String,
    pub trigger: Trigger,
    pub progress: Progress,
    pub traceparent: Option<String>,
    pub content: Content,
    /// When it leads one: the attempt is made for all of its members.
    pub(crate) batch: Option<Box<Batch>>,
    pub target: Arc<Target>,
}

impl DueDelivery {
    /// What every attempt sends.
    ///
    /// # Errors
    /// When the subscription's template fails on the event.
    pub async fn message(&self) -> Result<Message, TemplateFault> {
        wire::message(&self.target.payload, self.tenant, self.event_id, &self.content).await
    }

    /// The headers of the attempt, signed at `now`.
    pub fn sign(&self, now: Timestamp, message: &Message) -> HeaderMap {
        let subject = match &self.batch {
            Some(batch) => Subject::Batch(batch.id),
            None => Subject::Event {
                id: self.event_id,
                event_type: &self.event_type,
                delivery: self.id,
                traceparent: self.traceparent.as_deref(),
            },
        };
        AttemptHead {
            subject,
            trigger: self.trigger,
            progress: self.progress,
            custom: &self.target.headers,
            secrets: &self.target.live_secrets(now),
            signing: &self.target.signing,
            is_signed: self.target.payload.is_signed(),
            started_at: now,
            message,
        }
        .to_headers()
    }

    /// Under which id its attempts are kept.
    pub(crate) fn attempts_id(&self) -> DeliveryId {
        store::attempt::kept_under(self.id, self.batch.as_ref().map(|batch| batch.id))
    }

    /// The deliveries that share its attempts with it.
    pub(crate) fn others(&self) -> &[Part] {
        self.batch.as_ref().map_or(&[], |batch| &batch.others)
    }

    /// What the outcome says about how much the receiver can take.
    pub(crate) fn feedback(outcome: &Outcome) -> Feedback {
        match outcome.status() {
            Some(429) => Feedback::Throttled,
            Some(200..=299) => Feedback::Success,
            _ => Feedback::Neutral,
        }
    }
}

/// A delivery's row with its event's, as one query reads them.
#[derive(Debug)]
pub(super) struct DueRow {
    pub id: DeliveryId,
    pub tenant: TenantId,
    pub event_id: EventId,
    pub subscription_id: SubscriptionId,
    pub trigger: Trigger,
    pub attempt_count: u32,
    pub max_attempts: u32,
    pub next_attempt_at: Timestamp,
    pub event: Texts,
    pub traceparent: Option<String>,
    pub revision: i64,
    pub status: SubscriptionStatus,
    pub is_deleted: bool,
    pub batch: Option<BatchId>,
    /// Whether it waits to be in one, in a lane that gathers.
    pub is_numbered: bool,
}

/// Loads tickets.
#[derive(Debug)]
pub struct Loader {
    parts: Arc<Parts>,
    loads: Grouped<Held, Result<Option<Box<DueDelivery>>, String>>,
}

impl Loader {
    pub(crate) fn start(parts: Arc<Parts>) -> Self {
        let of_loader = parts.clone();
        // Two groups at a time: while one waits for the database, the next can ask it.
        let loads = Grouped::start(2, GROUP_TICKETS, WAITING_TICKETS, move |tickets| {
            let parts = parts.clone();
            async move { load_group(&parts, tickets).await }
        });
        Self { parts: of_loader, loads }
    }

    pub(super) async fn load(&self, ticket: Ticket) -> Result<Option<Box<DueDelivery>>, Error> {
        let held = self.parts.in_flight.begin(ticket);
        if let Some(subscription) = gather::subscription_of(ticket.lane) {
            gather::look(&self.parts, subscription, &held).await;
            return Ok(None);
        }
        let held = match self.load_fresh(held).await {
            Ok(due) => return Ok(Some(due)),
            Err(held) => held,
        };
        match self.loads.ask(held).await {
            Ok(Ok(loaded)) => Ok(loaded),
            Ok(Err(reason)) => {
                Err(Error::Unavailable { what: "the database", source: reason.into() })
            }
            Err(stopped) => {
                Err(Error::Unavailable { what: "the server", source: Box::new(stopped) })
            }
        }
    }

    /// A delivery that was committed a moment ago and has not changed since; else the ticket.
    async fn load_fresh(&self, held: Held) -> Result<Box<DueDelivery>, Held> {
        let first = held.delivery.filter(|_| held.class == Class::First);
        let Some((id, fresh)) =
            first.and_then(|id| self.parts.fresh.take(id, Instant::now()).map(|fresh| (id, fresh)))
        else {
            return Err(held);
        };
        let revision = fresh.subscription_revision;
        let Ok(target) = self.parts.targets.at(&self.parts, held.lane, revision).await else {
            return Err(held);
        };
        if *target.payload != Payload::Standard {
            // What is heard has no parts to be put in another form.
            return Err(held);
        }
        Ok(Box::new(DueDelivery {
            ticket: held,
            id,
            tenant: fresh.tenant,
            event_id: fresh.event_id,
            event_type: fresh.content.event_type().to_owned(),
            trigger: Trigger::Event,
            progress: Progress { number: 1, max_attempts: fresh.max_attempts },
            traceparent: fresh.traceparent.as_deref().map(str::to_owned),
            content: fresh.content,
            batch: None,
            target,
        }))
    }
}

/// What a ticket turned out to be.
enum Loaded {
    Due(Box<DueRow>, Vec<Member>, Arc<Target>),
    /// Nothing to send now.
    Not(Next),
}

async fn load_group(
    parts: &Parts,
    tickets: Vec<Held>,
) -> Vec<Result<Option<Box<DueDelivery>>, String>> {
    let mut completions = Vec::new();
    let mut not_due = |ticket: &Ticket, next| {
        completions.push(Completion { ticket: *ticket, next, feedback: Feedback::Unattempted });
    };
    let answers = match load_all(parts, &tickets).await {
        Ok(loaded) => tickets
            .into_iter()
            .zip(loaded)
            .map(|(ticket, loaded)| match loaded {
                Loaded::Due(row, members, target) => {
                    Ok(Some(Box::new(row.into_due(ticket, members, target))))
                }
                Loaded::Not(next) => {
                    not_due(&ticket, next);
                    Ok(None)
                }
            })
            .collect(),
        Err(error) => {
            let answer = |ticket: Held| {
                not_due(&ticket, Next::DueIn { delay: REST, class: ticket.class });
                Err(error.to_string())
            };
            tickets.into_iter().map(answer).collect()
        }
    };
    if !completions.is_empty()
        && let Err(error) = parts.lanes.complete(&completions).await
    {
        // The leases run out, and the deliveries are looked at once more.
        tracing::warn!(error = &error as &dyn std::error::Error, "queue.complete_failed");
    }
    answers
}

async fn load_all(parts: &Parts, tickets: &[Held]) -> Result<Vec<Loaded>, Error> {
    let now = parts.clock.now();
    let mut wanted: Vec<Option<DeliveryId>> = Vec::with_capacity(tickets.len());
    for ticket in tickets {
        wanted.push(match ticket.delivery {
            Some(delivery) => Some(delivery),
            None => {
                let head = store::delivery::head_of(&parts.database.due, ticket.lane).await?;
                head.map(|head| head.id)
            }
        });
    }
    let ids: Vec<DeliveryId> = wanted.iter().flatten().copied().collect();
    let mut rows = rows::due_rows(&parts.database.due, ids).await?;
    let mut loaded = Vec::with_capacity(tickets.len());
    for (ticket, wanted) in tickets.iter().zip(wanted) {
        let row = wanted.and_then(|id| rows.remove(&id));
        loaded.push(match row {
            // Final meanwhile, or the ordered lane is empty.
            None => Loaded::Not(Next::Done),
            Some(row) => load_one(parts, ticket, row, now).await?,
        });
    }
    Ok(loaded)
}

async fn load_one(
    parts: &Parts,
    ticket: &Ticket,
    row: DueRow,
    now: Timestamp,
) -> Result<Loaded, Error> {
    let class = class_of(row.trigger, row.attempt_count);
    if row.is_deleted || row.status == SubscriptionStatus::Disabled {
        // Its rows are being cleared.
        return Ok(Loaded::Not(Next::Done));
    }
    if row.status == SubscriptionStatus::Paused {
        return Ok(Loaded::Not(Next::DueIn { delay: REST, class }));
    }
    if row.next_attempt_at == HELD {
        // Whoever lets it go tells the queue of it.
        return Ok(Loaded::Not(Next::Done));
    }
    let early = row.next_attempt_at.since(now);
    // A probe goes out as soon as the breaker lets it, whenever its delivery is due.
    if !early.is_zero() && !ticket.probe {
        return Ok(Loaded::Not(Next::DueIn { delay: early, class }));
    }
    let target = match parts.targets.at(parts, row.subscription_id, row.revision).await {
        Ok(target) => target,
        Err(error @ Error::Unavailable { .. }) => return Err(error),
        Err(error) => {
            // One damaged row must not hold the others of its group.
            tracing::error!(error = &error as &dyn std::error::Error, subscription.id = %row.subscription_id, "target.unreadable");
            return Ok(Loaded::Not(Next::DueIn { delay: Duration::from_secs(60), class }));
        }
    };
    if target.gathers && row.is_numbered {
        // It waits for others, and whoever looks at the lane finds it.
        return Ok(Loaded::Not(Next::Done));
    }
    let members = match row.batch {
        None => Vec::new(),
        Some(batch) => {
            store::batch::members(&parts.database.read, Of::new(row.tenant, batch)).await?
        }
    };
    Ok(Loaded::Due(Box::new(row), members, target))
}

/// The class in which a delivery waits for its next attempt.
pub(crate) fn class_of(trigger: Trigger, attempt_count: u32) -> Class {
    match trigger {
        Trigger::Replay => Class::Replay,
        _ if attempt_count == 0 => Class::First,
        _ => Class::Retry,
    }
}

impl DueRow {
    fn into_due(self, ticket: Held, members: Vec<Member>, target: Arc<Target>) -> DueDelivery {
        let event_type = self.event.event_type.clone();
        let content = match self.batch {
            None => Content::Stored(Arc::new(self.event)),
            Some(id) => Content::batch(id, &members),
        };
        let batch = self.batch.map(|id| {
            let others = members.into_iter().filter(|one| one.id != self.id && !one.is_final);
            let part = |one: Member| Part {
                id: one.id,
                event_id: one.event_id,
                event_type: one.event.event_type,
                trigger: one.trigger,
            };
            Box::new(Batch { id, others: others.map(part).collect() })
        });
        DueDelivery {
            ticket,
            id: self.id,
            tenant: self.tenant,
            event_id: self.event_id,
            event_type,
            trigger: self.trigger,
            progress: Progress { number: self.attempt_count + 1, max_attempts: self.max_attempts },
            traceparent: self.traceparent,
            content,
            batch,
            target,
        }
    }
}
