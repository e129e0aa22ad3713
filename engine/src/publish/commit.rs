//! What an ingest group writes within its transaction.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use domain::delivery::Trigger;
use domain::event::NewEvent;
use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::time::Timestamp;

use super::push::ToPush;
use super::rows;
use super::{
    FanOut, GROUP_ROWS, NewDelivery, Once, Posted, Prepared, Published, Receipt, Refusal, Request,
};
use crate::address_book::{Listed, TenantBook};
use crate::context::Parts;
use crate::database::GroupTransaction;
use crate::dispatch::{Content, FreshDelivery};
use crate::error::Error;
use crate::idempotency::{Claim, Kept};
use crate::rollups::Tally;
use crate::writer::Pass;

/// What an event's insert came to.
#[derive(Debug, Clone)]
enum Fate {
    /// This event's row was inserted; whoever else has the id in this group is compared with it.
    Inserted(Arc<NewEvent>),
    /// The id was taken before; whoever has it in this group is compared with what is stored.
    Existed(Arc<rows::Stored>),
    Refused(Refusal),
}

type Fates = HashMap<(EventId, TenantId), Fate>;

/// What the tenants of a group have as their subscriptions.
pub(crate) type Books = HashMap<TenantId, Arc<TenantBook>>;

/// The books of now, read before the transaction: nothing is read for others within it.
///
/// # Errors
/// `NotFound` when a tenant is gone, or when the database is away.
pub(crate) async fn books_of(
    parts: &Parts,
    requests: impl Iterator<Item = &Request>,
) -> Result<Books, Error> {
    let attempts = parts.settings.max_attempts();
    let mut books = Books::new();
    for tenant in requests.map(|request| request.tenant) {
        if let Entry::Vacant(place) = books.entry(tenant) {
            place.insert(parts.address_book.of(&parts.database.read, tenant, attempts).await?);
        }
    }
    Ok(books)
}

/// Writes the group, and says what each posting gets and what is to be pushed once it is committed.
/// `None` for one that was matched with an older book than this commit sees: a change that was answered
/// holds for every event posted after it. It is matched again outside: that takes reading, and filters
/// may take milliseconds.
pub(crate) async fn write(
    parts: &Parts,
    transaction: &GroupTransaction,
    mut requests: Vec<&mut Request>,
    books: Books,
    pass: Pass,
    tally: &mut Tally,
) -> Result<(Vec<Option<Posted>>, ToPush), Error> {
    let books = match pass {
        Pass::Hopeful => {
            rows::demand_current(transaction, &revisions_of(&books)).await?;
            books
        }
        Pass::Careful => current(parts, transaction, books).await?,
    };
    let mut to_push = ToPush { books, ..ToPush::default() };
    for request in &mut requests {
        match_cheaply(parts, request, &to_push.books);
    }

    let mut fates = Fates::new();
    let stale: Vec<bool> =
        requests.iter().map(|request| is_stale(request, &to_push.books)).collect();
    let plain = requests
        .iter()
        .zip(&stale)
        .filter(|(request, stale)| !**stale && request.once.is_none())
        .flat_map(|(request, _)| &request.prepared);
    insert(transaction, plain.collect(), &mut fates, tally).await?;
    // The answer kept under a claim tells what became of the events, so these few go one by one.
    let mut claimed = HashSet::new();
    let mut answered_before = vec![false; requests.len()];
    for ((request, answered), stale) in requests.iter().zip(&mut answered_before).zip(&stale) {
        if let Some(once) = request.once.as_ref().filter(|_| !stale) {
            let noted = (&mut fates, &mut claimed, &mut *tally);
            *answered = !insert_once(parts, transaction, request, once, noted).await?;
        }
    }

    let mut deliveries = Vec::new();
    let answers =
        requests.iter().zip(answered_before).zip(stale).map(|((request, answered), stale)| {
            if stale {
                return None;
            }
            if answered {
                return Some(Posted::AnsweredBefore);
            }
            let is_large = request.rows() > GROUP_ROWS;
            for event in request.prepared.iter().filter(|event| was_inserted(event, &fates)) {
                if is_large {
                    to_push.fan_outs.extend(FanOut::of(event, to_push.books.get(&event.tenant)));
                    continue;
                }
                let made = deliveries_of(event);
                to_push.largest = to_push.largest.max(event.event.data.as_str().len());
                to_push
                    .fresh
                    .extend(made.iter().filter_map(|(new, listed)| fresh(event, new, listed)));
                deliveries.extend(made);
            }
            let results = request.prepared.iter().map(|event| result_of(event, &fates));
            Some(Posted::Done(results.collect()))
        });
    let answers = answers.collect();
    for fan_out in &to_push.fan_outs {
        fan_out.save(transaction).await?;
    }
    insert_deliveries(transaction, deliveries, parts.clock.now(), &mut to_push, tally).await?;
    Ok((answers, to_push))
}

/// The answer to a posting that spoils a group even when it stands alone.
pub(crate) fn refuse(request: &Request, error: &Error) -> Result<Posted, Error> {
    match error {
        // Another process has taken the claim between our look and our row.
        Error::Conflict(_) => Ok(Posted::AnsweredBefore),
        // The tenant was deleted meanwhile.
        Error::NotFound(what) => Err(Error::NotFound(what)),
        error => {
            tracing::error!(error = error as &dyn std::error::Error, "event.unstorable");
            let refused = request.prepared.iter().map(|_| Published::Refused(Refusal::Unstorable));
            Ok(Posted::Done(refused.collect()))
        }
    }
}

fn revisions_of(books: &Books) -> Vec<(TenantId, i64)> {
    books.iter().map(|(tenant, book)| (*tenant, book.revision)).collect()
}

/// Those of the books that are still of their tenants' revisions, as the transaction sees them.
async fn current(parts: &Parts, db: &GroupTransaction, mut books: Books) -> Result<Books, Error> {
    let tenants: Vec<TenantId> = books.keys().copied().collect();
    let revisions = rows::revisions(db, &tenants).await?;
    for tenant in tenants {
        // A tenant deleted meanwhile is gone for every route: its events are nobody's.
        let revision = *revisions.get(&tenant).ok_or(Error::NotFound("tenant"))?;
        if books[&tenant].revision != revision {
            parts.address_book.forget(tenant);
            books.remove(&tenant);
        }
    }
    Ok(books)
}

/// Matches a posting again whose tenant's book has been read anew since, if that takes no time.
fn match_cheaply(parts: &Parts, request: &mut Request, books: &Books) {
    let Some(book) = books.get(&request.tenant).filter(|book| !book.takes_long()) else { return };
    for event in &mut request.prepared {
        if event.book_revision != book.revision {
            event.match_with(book, &mut parts.rng());
        }
    }
}

/// Whether a posting has to be matched again before it is written.
fn is_stale(request: &Request, books: &Books) -> bool {
    books.get(&request.tenant).is_none_or(|book| {
        request.prepared.iter().any(|event| event.book_revision != book.revision)
    })
}

/// Inserts events in key order and notes what became of each; of several with one id the first
/// counts.
async fn insert(
    db: &GroupTransaction,
    mut events: Vec<&Prepared>,
    fates: &mut Fates,
    tally: &mut Tally,
) -> Result<(), Error> {
    events.retain(|event| match &event.matched {
        Ok(_) => true,
        Err(unmatchable) => {
            let refused = || Fate::Refused(unmatchable.clone().into());
            fates.entry(rows::key(event)).or_insert_with(refused);
            false
        }
    });
    events.retain(|event| !fates.contains_key(&rows::key(event)));
    events.sort_by_key(|event| rows::key(event));
    events.dedup_by_key(|event| rows::key(event));
    let (chosen, ours): (Vec<&Prepared>, Vec<&Prepared>) =
        events.into_iter().partition(|event| event.chosen);
    rows::insert_events(db, &ours, tally).await?;
    fates.extend(
        ours.into_iter().map(|event| (rows::key(event), Fate::Inserted(event.event.clone()))),
    );
    for event in chosen {
        let fate = match rows::insert_chosen(db, event, tally).await? {
            true => Fate::Inserted(event.event.clone()),
            false => match rows::find_stored(db, event).await? {
                Some(stored) => Fate::Existed(Arc::new(stored)),
                None => Fate::Refused(Refusal::Unstorable),
            },
        };
        fates.insert(rows::key(event), fate);
    }
    Ok(())
}

/// Writes a posting that is to be done once; `false` when it was done before.
async fn insert_once(
    parts: &Parts,
    db: &GroupTransaction,
    request: &Request,
    once: &Once,
    (fates, claimed, tally): (&mut Fates, &mut HashSet<Claim>, &mut Tally),
) -> Result<bool, Error> {
    let now = parts.clock.now();
    if claimed.contains(&once.claim)
        || once.claim.find(db, &parts.sealer, now).await? != Kept::Nothing
    {
        return Ok(false);
    }
    insert(db, request.prepared.iter().collect(), fates, tally).await?;
    let results: Vec<Published> =
        request.prepared.iter().map(|event| result_of(event, fates)).collect();
    if let Some(answer) = (once.render)(&results) {
        if !once.claim.keep(db, &parts.sealer, &answer, now).await? {
            return Err(Error::Conflict("the idempotency key was claimed meanwhile".to_owned()));
        }
        claimed.insert(once.claim);
    }
    Ok(true)
}

/// What an event's publisher is told.
fn result_of(event: &Prepared, fates: &Fates) -> Published {
    let matched = event.matched.as_ref().map_or(0, Vec::len);
    let duplicate = |deliveries, timestamp: &str| {
        let timestamp = timestamp.to_owned();
        Published::Duplicate(Receipt { timestamp, ..event.receipt(deliveries) })
    };
    match fates.get(&rows::key(event)) {
        None => Published::Refused(Refusal::Unstorable),
        Some(Fate::Refused(refusal)) => Published::Refused(refusal.clone()),
        Some(Fate::Inserted(inserted)) if Arc::ptr_eq(inserted, &event.event) => {
            Published::New(event.receipt(matched))
        }
        Some(Fate::Inserted(inserted)) if inserted.same_content(&event.event) => {
            duplicate(matched, inserted.timestamp.as_str())
        }
        Some(Fate::Existed(stored)) if stored.is_same(&event.event) => {
            duplicate(stored.deliveries as usize, &stored.timestamp)
        }
        Some(Fate::Inserted(_) | Fate::Existed(_)) => Published::Refused(Refusal::OtherContent),
    }
}

/// Whether it was this posting that inserted the event's row: only then it makes deliveries.
fn was_inserted(event: &Prepared, fates: &Fates) -> bool {
    matches!(fates.get(&rows::key(event)), Some(Fate::Inserted(inserted)) if Arc::ptr_eq(inserted, &event.event))
}

fn deliveries_of(event: &Prepared) -> Vec<(NewDelivery, Arc<Listed>)> {
    let make = |(id, listed): &(DeliveryId, Arc<Listed>)| {
        let delivery = NewDelivery {
            id: *id,
            tenant: event.tenant,
            event_id: event.id,
            event_type: event.event.event_type.as_str().to_owned(),
            subscription_id: listed.id,
            subscription_revision: listed.revision,
            trigger: Trigger::Event,
            max_attempts: listed.max_attempts,
            due_at: event.due_at,
            sequence: None,
        };
        (delivery, listed.clone())
    };
    event.matched.iter().flatten().map(make).collect()
}

/// The delivery as the worker can have it without reading it back: one that is due at once.
fn fresh(
    event: &Prepared,
    new: &NewDelivery,
    listed: &Listed,
) -> Option<(DeliveryId, FreshDelivery)> {
    let delivery = FreshDelivery {
        tenant: event.tenant,
        event_id: event.id,
        content: Content::Posted(event.event.clone()),
        traceparent: event.traceparent.clone(),
        subscription_revision: listed.revision,
        max_attempts: listed.max_attempts,
    };
    let is_next = event.due_at <= event.created_at && !listed.numbered && !listed.lane.is_paused();
    is_next.then_some((new.id, delivery))
}

/// Writes the deliveries, giving those that need them their numbers.
async fn insert_deliveries(
    db: &GroupTransaction,
    deliveries: Vec<(NewDelivery, Arc<Listed>)>,
    now: Timestamp,
    to_push: &mut ToPush,
    tally: &mut Tally,
) -> Result<(), Error> {
    let mut next_numbers: BTreeMap<SubscriptionId, i64> = BTreeMap::new();
    for (_, listed) in deliveries.iter().filter(|(_, listed)| listed.numbered) {
        *next_numbers.entry(listed.id).or_default() += 1;
    }
    for (subscription, count_then_next) in &mut next_numbers {
        *count_then_next = rows::take_sequence(db, *subscription, *count_then_next).await?;
    }
    let mut written = Vec::with_capacity(deliveries.len());
    for (mut delivery, listed) in deliveries {
        if let Some(next) = next_numbers.get_mut(&listed.id) {
            delivery.sequence = Some(*next);
            *next += 1;
        }
        let delay = delivery.due_at.since(now);
        to_push.due.push(listed.lane.due(listed.id, delivery.id, queue::Class::First, delay));
        to_push.lanes.entry(listed.id).or_insert(listed);
        written.push(delivery);
    }
    written.sort_unstable_by_key(|delivery| delivery.id);
    Ok(rows::insert_deliveries(db, &written, tally).await?)
}
