//! The front door of events: match, commit with whoever else waits, push, answer.
//!
//! `202` means that the event and its deliveries are committed. The push comes after the commit and
//! may fail: `reconcile` finds what the queue does not know.

mod commit;
mod fan_out;
mod push;
pub(crate) mod rows;

use std::sync::Arc;

use domain::delivery::Trigger;
use domain::event::NewEvent;
use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::invalid::Invalid;
use domain::time::Timestamp;
use rand::Rng;

use crate::address_book::{self, Listed, TenantBook, Unmatchable};
use crate::catalogue::HeldTypes;
use crate::context::Engine;
use crate::error::Error;
use crate::idempotency::{Answer, Claim};

pub(crate) use commit::{books_of, refuse, write};
pub(crate) use fan_out::{FanOut, finish as finish_fan_outs, resume as resume_fan_outs};
pub use push::Crowding;
pub(crate) use push::{ToPush, push};

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Stored, with deliveries to as many subscriptions.
    New(Receipt),
    /// The same event was stored before.
    Duplicate(Receipt),
    /// Refused.
    Refused(Refusal),
}

impl From<Unmatchable> for Refusal {
    fn from(unmatchable: Unmatchable) -> Self {
        match unmatchable {
            Unmatchable::OutOfCatalogue(invalid) => Self::OutOfCatalogue(invalid),
            Unmatchable::TooManyMatches => Self::TooManyMatches,
            Unmatchable::FiltersTooCostly => Self::FiltersTooCostly,
        }
    }
}

/// What a publisher gets for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: EventId,
    pub event_type: String,
    pub timestamp: String,
    pub deliveries: u32,
}

/// Why a well-formed event was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another event has the id.
    #[error("an event with this id and other content exists; make a new id for a new event")]
    OtherContent,
    /// The tenant takes what its catalogue has, and this is not in it. Pointers start at the event.
    #[error(transparent)]
    OutOfCatalogue(Invalid),
    /// It would go to more subscriptions than one event may.
    #[error(
        "the event matches more than {} subscriptions; narrow their event_types or filters",
        domain::limits::FAN_OUT
    )]
    TooManyMatches,
    /// Finding out where it goes would take too long.
    #[error(
        "the filters of the subscriptions take too long on this event; narrow their event_types, or make them simpler"
    )]
    FiltersTooCostly,
    /// The row itself could not be stored.
    #[error("the event could not be stored")]
    Unstorable,
}

/// What a request posted: one event or a batch, each for itself.
#[derive(Debug)]
pub struct Posting {
    pub tenant: TenantId,
    pub events: Vec<NewEvent>,
    /// `traceparent` of the request (W3C Trace Context), when it had one.
    pub traceparent: Option<String>,
    /// Done once, whatever happens, with the answer that `render` makes.
    pub once: Option<Once>,
}

/// A claim together with how its answer is made from what became of the events. The answer is
/// needed before the commit, since both are committed together; `None` keeps nothing.
pub struct Once {
    pub claim: Claim,
    pub render: Render,
}

/// Makes the answer from what became of each event.
pub type Render = Box<dyn Fn(&[Published]) -> Option<Answer> + Send + Sync>;

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("claim", &self.claim).finish_non_exhaustive()
    }
}

/// What became of a posting.
#[derive(Debug)]
pub enum Posted {
    /// One result per event, in their order.
    Done(Vec<Published>),
    /// Another request had the claim first; its answer is kept.
    AnsweredBefore,
}

/// What a posting gets when its group is done.
pub(crate) type Committed = Result<PostingFate, Error>;

/// What the writer made of a posting.
#[derive(Debug)]
pub(crate) enum PostingFate {
    Posted(Posted),
    /// Nothing: its tenant's book has changed since it was matched. To be matched again and posted
    /// again.
    Stale(Box<Request>),
}

/// How often a posting is matched again before its publisher is told to come back: more changes than
/// that while it waits are not somebody's work.
const MATCHES_MAX: usize = 8;

/// Events that are matched in one turn, about 50 ms each at worst.
const MATCHED_IN_A_TURN: usize = 4;

/// No book has this revision.
pub(crate) const NO_BOOK: i64 = -1;

/// Rows that the postings of one commit insert at most. The deliveries of a posting with more follow
/// in chunks.
pub(crate) const GROUP_ROWS: usize = 2_000;

/// A posting on its way into a commit.
#[derive(Debug)]
pub(crate) struct Request {
    pub tenant: TenantId,
    pub prepared: Vec<Prepared>,
    pub once: Option<Once>,
}

impl Request {
    /// Rows that it inserts.
    pub(crate) fn rows(&self) -> usize {
        self.prepared.iter().map(|event| 1 + event.matched.as_ref().map_or(0, Vec::len)).sum()
    }

    /// Bytes of its events' texts.
    pub(crate) fn bytes(&self) -> usize {
        let of = |event: &NewEvent| event.data.as_str().len() + event.metadata.as_str().len();
        self.prepared.iter().map(|event| of(&event.event)).sum()
    }
}

/// An event ready to be written, with who gets it.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub id: EventId,
    /// Whether the caller chose the id, so that it may be taken already.
    pub chosen: bool,
    pub tenant: TenantId,
    pub event: Arc<NewEvent>,
    pub traceparent: Option<Arc<str>>,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    /// What the matching was made with.
    pub book_revision: i64,
    /// Whom it goes to, each with the id of the delivery that it will have.
    pub matched: Result<Vec<(DeliveryId, Arc<Listed>)>, Unmatchable>,
}

impl Engine {
    /// Takes events: matches them, commits them with whoever else waits, and pushes what is due.
    ///
    /// # Errors
    /// When the database is away (nothing is stored then, or the caller is told nothing of what is).
    pub async fn publish(&self, posting: Posting) -> Result<Posted, Error> {
        let (tenant, now) = (posting.tenant, self.clock.now());
        let traceparent: Option<Arc<str>> = posting.traceparent.map(Into::into);
        let prepare =
            |event| Prepared::new(tenant, event, traceparent.clone(), now, &mut self.rng());
        let prepared = posting.events.into_iter().map(prepare).collect();
        let mut request = Request { tenant, prepared, once: posting.once };
        for _ in 0..MATCHES_MAX {
            let matched = self.matched(request).await?;
            request = match self.writer.post(matched).await? {
                PostingFate::Posted(posted) => {
                    self.metrics.posted(&posted);
                    log(tenant, &posted);
                    return Ok(posted);
                }
                PostingFate::Stale(stale) => *stale,
            };
        }
        Err(Error::Unavailable {
            what: "the tenant's list of subscriptions",
            source: Box::new(Changing),
        })
    }

    /// Finds whom a posting's events go to by the book of now.
    async fn matched(&self, mut request: Request) -> Result<Request, Error> {
        let attempts = self.settings.max_attempts();
        let book = self.address_book.of(&self.database.read, request.tenant, attempts).await?;
        if !book.takes_long() {
            for event in &mut request.prepared {
                event.match_with(&book, &mut self.rng());
            }
            return Ok(request);
        }
        let types = request.prepared.iter().map(|event| &event.event.event_type);
        let held = Arc::new(match book.catalogue_revision {
            Some(revision) => self.catalogues.held(self, request.tenant, revision, types).await?,
            None => HeldTypes::default(),
        });
        let mut unmatched = std::mem::take(&mut request.prepared).into_iter();
        loop {
            // A few at a time: a batch lets others have their turn in between.
            let mut few: Vec<Prepared> = unmatched.by_ref().take(MATCHED_IN_A_TURN).collect();
            if few.is_empty() {
                return Ok(request);
            }
            let (parts, book, held) = (self.parts(), book.clone(), held.clone());
            let few = self.matching.run(move || {
                for event in &mut few {
                    event.match_with(&book, &mut parts.rng());
                    event.hold_to(&book, &held);
                }
                few
            });
            request.prepared.extend(few.await?);
        }
    }
}

/// The tenant's subscriptions change faster than an event can be matched with them.
#[derive(Debug, thiserror::Error)]
#[error("it changes faster than an event can be matched with it")]
struct Changing;

/// One line per accepted event.
fn log(tenant: TenantId, posted: &Posted) {
    let Posted::Done(results) = posted else { return };
    for result in results {
        if let Published::New(receipt) = result {
            tracing::debug!(
                tenant.id = %tenant,
                event.id = %receipt.id,
                event.r#type = receipt.event_type,
                deliveries = receipt.deliveries,
                "event.accepted"
            );
        }
    }
}

impl Prepared {
    /// An event that is not matched yet.
    fn new(
        tenant: TenantId,
        event: NewEvent,
        traceparent: Option<Arc<str>>,
        now: Timestamp,
        rng: &mut impl Rng,
    ) -> Self {
        Self {
            id: event.id.unwrap_or_else(|| EventId::generate(now, rng)),
            chosen: event.id.is_some(),
            tenant,
            traceparent,
            created_at: now,
            due_at: now + domain::event::first_due_in(event.deliver_at, now),
            book_revision: NO_BOOK,
            matched: Ok(Vec::new()),
            event: Arc::new(event),
        }
    }

    /// Finds whom the event goes to by this book.
    pub(crate) fn match_with(&mut self, book: &TenantBook, rng: &mut impl Rng) {
        let id = self.id.to_string();
        let view = address_book::view(&id, &self.event);
        let created_at = self.created_at;
        self.book_revision = book.revision;
        self.matched = book.matching(&view, &self.event.event_type).map(|matched| {
            // A delivery's id carries the event's instant: that is how those of an event are found.
            matched
                .into_iter()
                .map(|listed| (DeliveryId::generate(created_at, rng), listed))
                .collect()
        });
    }

    /// Refuses the event when its tenant is strict and the catalogue does not have the like of it.
    fn hold_to(&mut self, book: &TenantBook, held: &HeldTypes) {
        if book.catalogue_revision.is_none() {
            return;
        }
        let event = &self.event;
        let checked = match held.get(&event.event_type) {
            Some(held) => held.check(event.version.as_deref(), event.data.as_str()),
            None => Err(domain::catalogue::unknown(&event.event_type)),
        };
        if let Err(invalid) = checked {
            self.matched = Err(Unmatchable::OutOfCatalogue(invalid));
        }
    }

    fn receipt(&self, deliveries: usize) -> Receipt {
        Receipt {
            id: self.id,
            event_type: self.event.event_type.as_str().to_owned(),
            timestamp: self.event.timestamp.as_str().to_owned(),
            deliveries: u32::try_from(deliveries).unwrap_or(u32::MAX),
        }
    }
}

/// A delivery about to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewDelivery {
    pub id: DeliveryId,
    pub tenant: TenantId,
    pub event_id: EventId,
    pub event_type: String,
    pub subscription_id: SubscriptionId,
    pub subscription_revision: i64,
    pub trigger: Trigger,
    pub max_attempts: u32,
    pub due_at: Timestamp,
    pub sequence: Option<i64>,
}
