//! One commit of a replay: its next deliveries, and how far it has come with them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use domain::delivery::Trigger;
use domain::ids::{DeliveryId, EventId, SubscriptionId};
use domain::time::Timestamp;
use entity::replay::Model;
use queue::{Class, Due};
use sea_orm::DbErr;

use super::find::{self, Pair, Place};
use crate::address_book::Lane;
use crate::context::{Parts, on_a_thread};
use crate::database::{Sql, one_of, query_all};
use crate::error::Error;
use crate::gather::{self, Gathering};
use crate::publish::{NewDelivery, rows};
use crate::rollups::Tally;
use crate::store;

/// Events of so many milliseconds have no order among each other: the coarser, the more of an id tells it from others.
const EVENTS_TOGETHER_MS: i64 = 16;

/// Makes the next deliveries of a replay, each due at the next of `slots`, and tells the queue. Returns how many it
/// made; `None` when it is not this one's to go on, or there was nothing to be looked at any more.
pub(super) async fn step(
    parts: &Arc<Parts>,
    replay: &Model,
    slots: impl Iterator<Item = Timestamp> + Send + 'static,
    room: usize,
) -> Result<Option<usize>, Error> {
    let step = write(parts.clone(), replay.clone(), slots, room);
    let Some(Made { deliveries, lanes }) = on_a_thread("a replay's step", step).await? else {
        return Ok(None);
    };
    push(parts, &lanes, &deliveries).await;
    tracing::debug!(replay.id = %replay.id, made = deliveries.len(), "replay.step");
    Ok(Some(deliveries.len()))
}

/// What was written.
struct Made {
    deliveries: Vec<NewDelivery>,
    lanes: Lanes,
}

type Lanes = HashMap<SubscriptionId, entity::subscription::Model>;

/// Finds what comes next and writes it. Both take long enough to hold others up.
async fn write(
    parts: Arc<Parts>,
    replay: Model,
    slots: impl Iterator<Item = Timestamp>,
    room: usize,
) -> Result<Option<Made>, Error> {
    let place = Place::read(replay.stage, replay.cursor.as_deref());
    if place == Place::End {
        return Ok(None);
    }
    let (pairs, next) = find::next(&parts, replay.tenant_id, &replay.choice(), place, room).await?;
    let mut seen = HashSet::new();
    let mut pairs: Vec<(DeliveryId, Pair)> =
        pairs.into_iter().map(|pair| (id_of(&replay, &pair), pair)).collect();
    // Several deliveries of one event to one subscription are one pair, which is counted once.
    pairs.retain(|(id, _)| seen.insert(*id));
    // Read before the transaction, which keeps others from writing: the step comes to nothing when another has been
    // made since, and whatever else is made meanwhile could be made right after it as well.
    let made_before =
        made_since(&parts.database.due, pairs.iter().map(|(_, pair)| pair.event)).await?;
    pairs.retain(|(id, _)| !made_before.ids.contains(id));
    let asked_for = pairs.len();
    pairs.retain(|(_, pair)| !made_before.unfinished.contains(&(pair.event, pair.subscription)));
    let lanes = lanes_of(&parts.database.read, &replay, &pairs).await?;
    pairs.retain(|(_, pair)| lanes.contains_key(&pair.subscription));

    let transaction = parts.database.begin_group().await?;
    if !store::replay::begin_step(&transaction, &replay).await? {
        return Ok(None);
    }
    let held = store::event::hold_all(
        &transaction,
        replay.tenant_id,
        pairs.iter().map(|(_, pair)| pair.event).collect::<BTreeSet<_>>(),
    )
    .await?;
    pairs.retain(|(_, pair)| held.contains(&pair.event));

    let deliveries = pairs.into_iter().zip(slots).map(|((id, pair), due_at)| {
        new_delivery(&parts, &replay, &lanes[&pair.subscription], id, pair, due_at)
    });
    let mut deliveries: Vec<NewDelivery> = deliveries.collect();
    let skipped = asked_for - deliveries.len();
    // They join ordered lanes, and those that gather, at their end.
    let numbered = deliveries.iter_mut().filter(|new| lanes[&new.subscription_id].is_numbered());
    rows::number(&transaction, numbered).await?;
    deliveries.sort_unstable_by_key(|delivery| delivery.id);
    let mut tally = Tally::default();
    rows::insert_replayed(&transaction, &deliveries, replay.id, &mut tally).await?;
    tally.save(&transaction, &parts).await?;
    let (stage, cursor) = next.write();
    let step = store::replay::Step { stage, cursor, enqueued: deliveries.len(), skipped };
    store::replay::end_step(&transaction, replay.id, step).await?;
    transaction.commit().await?;
    Ok(Some(Made { deliveries, lanes }))
}

/// A delivery's id is made of what it is for: made twice, it is the same. They are in the order of their events, as they
/// are made, so that the rows of a step lie together in the table and its indexes.
fn id_of(replay: &Model, pair: &Pair) -> DeliveryId {
    let parts = [replay.id.as_bytes(), pair.event.as_bytes(), pair.subscription.as_bytes()];
    let order = pair.event.time().unix_ms() / EVENTS_TOGETHER_MS;
    DeliveryId::derive_in_order(replay.created_at, order, &parts.map(<[u8; 16]>::as_slice))
}

/// What was made of events after they were accepted.
#[derive(Debug, Default)]
struct MadeSince {
    ids: HashSet<DeliveryId>,
    unfinished: HashSet<(EventId, SubscriptionId)>,
}

/// What was made with the event is final by then, or there would be nothing to replay.
async fn made_since(
    db: &impl Sql,
    events: impl Iterator<Item = EventId>,
) -> Result<MadeSince, DbErr> {
    let events: BTreeSet<EventId> = events.collect();
    let mut made = MadeSince::default();
    if events.is_empty() {
        return Ok(made);
    }
    let (among, values) = one_of(db, "uuid", events.into_iter().map(Into::into).collect());
    let sql = format!(
        "SELECT id, event_id, subscription_id, next_attempt_at IS NOT NULL FROM deliveries \
         WHERE event_id {among} AND \"trigger\" <> 0"
    );
    for row in query_all(db, &sql, values).await? {
        made.ids.insert(row.get(0)?);
        if row.get(3)? {
            made.unfinished.insert((row.get(1)?, row.get(2)?));
        }
    }
    Ok(made)
}

/// The subscriptions that still take something, as they are now.
async fn lanes_of(
    db: &impl sea_orm::ConnectionTrait,
    replay: &Model,
    pairs: &[(DeliveryId, Pair)],
) -> Result<Lanes, DbErr> {
    let ids: BTreeSet<SubscriptionId> = pairs.iter().map(|(_, pair)| pair.subscription).collect();
    let rows = store::subscription::receiving_among(db, replay.tenant_id, ids).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

fn new_delivery(
    parts: &Parts,
    replay: &Model,
    lane: &entity::subscription::Model,
    id: DeliveryId,
    pair: Pair,
    due_at: Timestamp,
) -> NewDelivery {
    NewDelivery {
        id,
        tenant: replay.tenant_id,
        event_id: pair.event,
        event_type: pair.event_type,
        subscription_id: lane.id,
        subscription_revision: lane.revision,
        trigger: Trigger::Replay,
        max_attempts: lane.retry.as_ref().unwrap_or(&parts.settings.retry).max_attempts(),
        due_at,
        sequence: None,
    }
}

/// Tells the queue of what is committed. A failure costs time only: the rows are there.
async fn push(parts: &Parts, lanes: &Lanes, deliveries: &[NewDelivery]) {
    let now = parts.clock.now();
    let due = deliveries.iter().filter_map(|delivery| {
        let row = lanes.get(&delivery.subscription_id)?;
        let delay = delivery.due_at.since(now);
        Some(Lane::of(row).due(row.id, delivery.id, Class::Replay, delay))
    });
    let due: Vec<Due> = due.collect();
    let gathering = lanes.values().filter_map(|row| Some((row.id, Gathering::of(row)?)));
    let pushed = async {
        for row in lanes.values() {
            parts.configure_lane(row).await?;
        }
        parts.lanes.push(&due).await?;
        gather::hasten(parts, gathering, 0, &due).await
    };
    if let Err(error) = pushed.await {
        tracing::warn!(error = &error as &dyn std::error::Error, "queue.push_failed");
    }
}
