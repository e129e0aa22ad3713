//! Events that go to more subscriptions than one commit holds: who gets it is committed with the
//! event, and the deliveries follow in chunks, beside whatever else is written. A crash in between
//! costs time only: the rest is written by whoever finds the list.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::Trigger;
use domain::ids::{SubscriptionId, TenantId};
use domain::time::Timestamp;
use entity::fan_out::{Model, Recipient, Recipients};

use super::push::{ToPush, push};
use super::{NewDelivery, Prepared, rows};
use crate::address_book::{Listed, TenantBook};
use crate::context::Parts;
use crate::database::{GroupTransaction, Transaction};
use crate::error::Error;
use crate::rollups::Tally;
use crate::store::Page;
use crate::{clear, store};

/// Deliveries of one commit.
const CHUNK_ROWS: usize = 500;
/// Lists that are resumed together, each up to some hundred kilobytes.
const LISTS_AT_ONCE: u64 = 32;
/// How long to wait before trying again while the database is away.
const AWAY_WAIT: Duration = Duration::from_millis(500);

/// An event whose deliveries are still to be written, with what the queue has to know of its lanes.
#[derive(Debug)]
pub(crate) struct FanOut {
    row: Model,
    lanes: HashMap<SubscriptionId, Arc<Listed>>,
    book: Option<Arc<TenantBook>>,
}

impl FanOut {
    /// Of an event that was matched just now; `None` when nothing matched.
    pub(super) fn of(event: &Prepared, book: Option<&Arc<TenantBook>>) -> Option<Self> {
        let matched = event.matched.as_ref().ok().filter(|matched| !matched.is_empty())?;
        let mut recipients: Vec<Recipient> = matched
            .iter()
            .map(|(delivery_id, listed)| Recipient {
                delivery_id: *delivery_id,
                subscription_id: listed.id,
                revision: listed.revision,
                max_attempts: listed.max_attempts,
                ordered: listed.numbered,
            })
            .collect();
        recipients.sort_unstable_by_key(|recipient| recipient.delivery_id);
        let row = Model {
            event_id: event.id,
            tenant_id: event.tenant,
            event_type: event.event.event_type.as_str().to_owned(),
            due_at: event.due_at,
            recipients: Recipients(recipients),
            written: 0,
        };
        let lanes = matched.iter().map(|(_, listed)| (listed.id, listed.clone())).collect();
        Some(Self { row, lanes, book: book.cloned() })
    }

    /// Of a list that a crash left behind. The sweep that follows pushes its deliveries: it knows the
    /// lanes.
    fn resumed(row: Model) -> Self {
        Self { row, lanes: HashMap::new(), book: None }
    }

    pub(super) async fn save(&self, db: &GroupTransaction) -> Result<(), Error> {
        Ok(store::fan_out::insert(db, &self.row).await?)
    }

    fn delivery(&self, recipient: &Recipient) -> NewDelivery {
        NewDelivery {
            id: recipient.delivery_id,
            tenant: self.row.tenant_id,
            event_id: self.row.event_id,
            event_type: self.row.event_type.clone(),
            subscription_id: recipient.subscription_id,
            subscription_revision: recipient.revision,
            trigger: Trigger::Event,
            max_attempts: recipient.max_attempts,
            due_at: self.row.due_at,
            sequence: None,
        }
    }

    /// Those of the next deliveries that fit into a chunk with `room`.
    fn next(&self, room: usize) -> &[Recipient] {
        let written = usize::try_from(self.row.written).unwrap_or(0);
        let rest = self.row.recipients.0.get(written..).unwrap_or_default();
        &rest[..rest.len().min(room)]
    }

    fn is_last(&self, chunk: &[Recipient]) -> bool {
        self.next(usize::MAX).len() == chunk.len()
    }

    fn add_to(&self, to_push: &mut ToPush, chunk: &[Recipient], now: Timestamp) {
        if let Some(book) = &self.book {
            to_push.books.insert(self.row.tenant_id, book.clone());
        }
        for recipient in chunk {
            let Some(listed) = self.lanes.get(&recipient.subscription_id) else { continue };
            to_push.lanes.insert(listed.id, listed.clone());
            let delay = self.row.due_at.since(now);
            let due = listed.lane.due(listed.id, recipient.delivery_id, queue::Class::First, delay);
            to_push.due.push(due);
        }
    }
}

/// Writes the deliveries chunk by chunk, in the order of the lists, until all are there.
pub(crate) async fn finish(mut lists: VecDeque<FanOut>, parts: &Arc<Parts>) {
    while !lists.is_empty() {
        match write_chunk(&mut lists, parts).await {
            Ok(()) => {}
            Err(error @ Error::Unavailable { .. }) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "fan_out.waits");
                tokio::time::sleep(AWAY_WAIT).await;
            }
            // One of them fails: each for itself then, so that it keeps no other back.
            Err(_) if lists.len() > 1 => {
                for list in lists {
                    Box::pin(finish(VecDeque::from([list]), parts)).await;
                }
                return;
            }
            Err(error) => {
                // The list stays, and the reconciler finds it.
                tracing::error!(error = &error as &dyn std::error::Error, "fan_out.failed");
                return;
            }
        }
    }
}

/// Writes the next deliveries of the first lists, and takes off those that are done.
async fn write_chunk(lists: &mut VecDeque<FanOut>, parts: &Arc<Parts>) -> Result<(), Error> {
    let now = parts.clock.now();
    let mut room = CHUNK_ROWS;
    let mut chunks = Vec::new();
    let mut deliveries = Vec::new();
    let mut to_push = ToPush::default();
    let transaction = parts.database.begin().await?;
    for list in lists.iter() {
        if room == 0 {
            break;
        }
        let chunk = list.next(room);
        // Whoever moves the count writes the rows: nobody else is at it, and the tenant is not erased.
        let is_ours =
            store::fan_out::advance(&transaction, &list.row, chunk.len(), list.is_last(chunk))
                .await?;
        if is_ours {
            room -= chunk.len();
            deliveries.extend(
                chunk.iter().map(|recipient| (list.delivery(recipient), recipient.ordered)),
            );
            list.add_to(&mut to_push, chunk, now);
        }
        chunks.push(is_ours.then_some(chunk.len()));
    }
    let ordered = deliveries.iter_mut().filter(|(_, ordered)| *ordered);
    rows::number(&transaction, ordered.map(|(delivery, _)| delivery)).await?;
    let mut deliveries: Vec<NewDelivery> = deliveries.into_iter().map(|(new, _)| new).collect();
    deliveries.sort_unstable_by_key(|delivery| delivery.id);
    let ended = ended_among(&transaction, &deliveries).await?;
    let mut tally = Tally::default();
    rows::insert_deliveries(&transaction, &deliveries, &mut tally).await?;
    tally.save(&transaction, parts).await?;
    for subscription in ended.keys() {
        store::subscription::clear_again(&transaction, *subscription).await?;
    }
    transaction.commit().await?;
    for (subscription, tenant) in ended {
        clear::start(parts.clone(), tenant, subscription);
    }
    push(parts, to_push).await;
    // From the back, so that the positions of those before stay.
    for (position, written) in chunks.into_iter().enumerate().rev() {
        let list = &mut lists[position];
        let is_done = written.is_none_or(|written| written == list.next(usize::MAX).len());
        if is_done {
            lists.remove(position);
        } else {
            list.row.written += i32::try_from(written.unwrap_or(0)).unwrap_or(0);
        }
    }
    Ok(())
}

/// Finishes the lists that a crash or an error left behind: all of them at the start, later those
/// that have been due for so long.
///
/// # Errors
/// When the database is away.
pub(crate) async fn resume(parts: &Arc<Parts>, overdue: Option<Duration>) -> Result<(), Error> {
    let due_until = overdue.map(|overdue| parts.clock.now() - overdue);
    let mut after = None;
    loop {
        let page = Page { limit: LISTS_AT_ONCE, after };
        let left =
            store::fan_out::page_across_tenants(&parts.database.read, due_until, page).await?;
        let Some(last) = left.last() else { return Ok(()) };
        after = Some(last.event_id);
        finish(left.into_iter().map(FanOut::resumed).collect(), parts).await;
    }
}

/// Subscriptions that were disabled or deleted since they matched: their deliveries are written all
/// the same, and cleared with the rest.
async fn ended_among(
    db: &Transaction,
    deliveries: &[NewDelivery],
) -> Result<BTreeMap<SubscriptionId, TenantId>, Error> {
    let mut matched: BTreeMap<SubscriptionId, TenantId> =
        deliveries.iter().map(|delivery| (delivery.subscription_id, delivery.tenant)).collect();
    let ids: Vec<SubscriptionId> = matched.keys().copied().collect();
    for standing in store::subscription::states_across_tenants(db, &ids).await? {
        if standing.ends_in().is_none() {
            matched.remove(&standing.id);
        }
    }
    Ok(matched)
}
